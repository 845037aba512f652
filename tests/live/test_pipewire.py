"""The computer's own sound on PipeWire, which answers nearly as PulseAudio does; see `pipewire_sound`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pipewire_sound import SINK, PipeWireSound, missing_pipewire
from waiting import wait_until

import tiny_models
from irec_live.session import LiveSession, open_live

_MISSING = missing_pipewire()
pytestmark = [pytest.mark.realtime, pytest.mark.skipif(bool(_MISSING), reason=f"needs {_MISSING}")]

RATE = 44_100


@pytest.fixture(scope="module")
def sound() -> Iterator[PipeWireSound]:
    made = PipeWireSound()
    yield made
    made.close()


@pytest.fixture
def here(sound: PipeWireSound, monkeypatch: pytest.MonkeyPatch) -> PipeWireSound:
    """The server, for this process too."""
    for name, value in sound.variables.items():
        monkeypatch.setenv(name, value)
    return sound


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.5 s of each label."""
    path = tmp_path_factory.mktemp("pipewire") / "clip.wav"
    soundfile.write(
        path, np.concatenate([tiny_models.tone(label, 1.5, sample_rate=RATE) for label in tiny_models.LABELS]), RATE
    )
    return path


def hear(sound: PipeWireSound, session: LiveSession, clip: Path) -> None:
    """Play a clip until all of it was heard once."""
    seen: set[str] = set()
    player = sound.play(clip)

    def heard() -> bool:
        nonlocal player
        if player.poll() is not None:
            player = sound.play(clip)
        seen.update(session.snapshot(1.0).detected)
        return seen == set(tiny_models.LABELS)

    wait_until(heard, 120.0)


def test_outputs_are_listed_by_their_names(sound: PipeWireSound) -> None:
    command = [sys.executable, "-m", "irec_live", "devices", "--json"]
    done = subprocess.run(command, env=sound.environment, capture_output=True, text=True, check=True, timeout=300)
    assert f'"{SINK}.monitor"' in done.stdout


def test_the_computers_sound_is_heard_and_followed_to_another_output(
    here: PipeWireSound, clip: Path, tiny_activation_path: Path
) -> None:
    with closing(open_live([tiny_activation_path], input="loopback")) as session:  # type: ignore[arg-type]
        assert session.device is not None
        assert session.device.address == f"{SINK}.monitor"
        hear(here, session, clip)
        here.add_sink("headphones")
        wait_until(lambda: session.device is not None and session.device.address == "headphones.monitor", 120.0)
        hear(here, session, clip)
        assert session.error is None


def test_an_output_on_which_nothing_plays_sends_nothing_and_time_goes_on(
    here: PipeWireSound, tiny_activation_path: Path
) -> None:
    with closing(open_live([tiny_activation_path], input="loopback")) as session:  # type: ignore[arg-type]
        wait_until(lambda: session.time_s > 1.0, 120.0)
        assert session.state == "running"
