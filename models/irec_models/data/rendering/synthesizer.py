"""FluidSynth wrapper: notes in, mono sound out."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import DataError, MissingExtraError
from irec_live.files import make_folder, write_atomically

DRUM_BANK = 128
"""Bank in which General MIDI SoundFonts keep drum kits."""


class Key(NamedTuple):
    """A key held for a while: seconds, MIDI key, velocity 1..127."""

    onset_s: float
    duration_s: float
    key: int
    velocity: int


class SoundFont:
    """Renders notes with one SoundFont; a context manager.

    Parameters
    ----------
    path : Path
        An ``.sf2`` or ``.sf3`` file.
    sample_rate : int
        Hz.
    room : bool
        FluidSynth's reverb and chorus; off by default, rooms are the mixer's task.

    Raises
    ------
    MissingExtraError
        pyfluidsynth is not installed.
    DataError
        FluidSynth's library is missing, or the file is no SoundFont.
    """

    def __init__(self, path: Path | str, sample_rate: int = 44100, *, room: bool = False) -> None:
        self.path = Path(path)
        self.sample_rate = sample_rate
        if not self.path.is_file():
            raise DataError(f"SoundFont {self.path} does not exist; on Debian, fluid-soundfont-gm brings one")
        with self.path.open("rb") as stream:
            head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise DataError(f"{self.path} is not a SoundFont (.sf2)")
        settings = {"synth.reverb.active": int(room), "synth.chorus.active": int(room), "synth.polyphony": 256}
        self._synth: Any = load_fluidsynth().Synth(gain=0.4, samplerate=float(sample_rate), channels=16, **settings)
        self._font = self._synth.sfload(str(self.path))
        if self._font < 0:
            self._synth.delete()
            raise DataError(f"{self.path} cannot be loaded as a SoundFont")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the synthesiser."""
        self._synth.delete()

    def render(
        self, program: int, keys: Sequence[Key], seconds: float, *, bank: int = 0
    ) -> npt.NDArray[np.float32] | None:
        """Play keys with one program.

        Parameters
        ----------
        program : int
            0..127.
        keys : sequence of Key
        seconds : float
            Length of the result.
        bank : int
            128 for drum kits.

        Returns
        -------
        (T,) float32 or None
            Mono; None where the SoundFont has no such program.
        """
        self._synth.system_reset()
        channel = 9 if bank == DRUM_BANK else 0
        if self._synth.program_select(channel, self._font, bank, program) != 0:
            return None
        if self._synth.channel_info(channel)[0] != self._font:
            return None
        # Offs before ons at the same time, so that a repeated key sounds twice.
        events = sorted(
            [(key.onset_s + key.duration_s, 0, key.key, 0) for key in keys]
            + [(key.onset_s, 1, key.key, key.velocity) for key in keys]
        )
        length = round(seconds * self.sample_rate)
        parts: list[npt.NDArray[np.int16]] = []
        done = 0
        for time, on, key, velocity in [*events, (math.inf, 0, -1, 0)]:
            at = length if math.isinf(time) else min(length, round(time * self.sample_rate))
            if at > done:
                parts.append(np.asarray(self._synth.get_samples(at - done), np.int16))
                done = at
            if key >= 0 and on:
                self._synth.noteon(channel, key, velocity)
            elif key >= 0:
                self._synth.noteoff(channel, key)
        stereo = np.concatenate(parts).reshape(-1, 2) if parts else np.zeros((0, 2), np.int16)
        mono: npt.NDArray[np.float32] = stereo.astype(np.float32).mean(axis=1) / np.float32(32768)
        return mono


def write_sound(path: Path, audio: npt.NDArray[np.float32], sample_rate: int) -> None:
    """Write a sound (T,), brought to a peak of 0.9, as FLAC: whole or not at all. Folders on the way are made.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    sound = io.BytesIO()
    soundfile.write(sound, audio * np.float32(0.9 / np.abs(audio).max()), sample_rate, "PCM_16", format="FLAC")
    make_folder(path.parent)
    write_atomically(path, sound.getbuffer())


def load_fluidsynth() -> Any:
    """pyfluidsynth's module, imported when it is first needed.

    Raises
    ------
    MissingExtraError
        pyfluidsynth is not installed.
    DataError
        FluidSynth's own library is missing.
    """
    try:
        import fluidsynth
    except ModuleNotFoundError as error:
        raise MissingExtraError("pyfluidsynth", "train") from error
    except (ImportError, OSError, AttributeError) as error:
        raise DataError(
            f"FluidSynth's library cannot be loaded ({error}); on Debian: apt install fluidsynth"
        ) from error
    return fluidsynth
