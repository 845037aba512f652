"""Decoder candidates: in which ways a file can be decoded, by what its own bytes say of its format and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from irec_live.decoders.chains import Chain, chain_of
from irec_live.decoders.concatenation import ConcatenatedDecoder
from irec_live.decoders.contract import Decoder, NotDecodableError
from irec_live.decoders.extent import OggEnd, end_of_ogg, goes_on_unannounced
from irec_live.decoders.fallback import FallbackDecoder
from irec_live.decoders.ffmpeg import FFmpegDecoder
from irec_live.decoders.guarded_file import Part
from irec_live.decoders.headers import is_wave, wrong_header
from irec_live.decoders.sndfile import SoundFileDecoder

_NO_END_MARK = "has no end mark: it may have been cut, or is still being recorded"
_ENDS_INSIDE = "was cut: it ends inside a page, and what followed is missing"

_MOST_SURVEYS = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to decode a file.

    Attributes
    ----------
    decoder : callable
    notes : tuple of str
        As `Decoder.notes`.
    cut : str
        What the file says of a missing end.
    final : bool
        Whether the file has no sound if this way decodes none.
    """

    decoder: Callable[[], Decoder]
    notes: tuple[str, ...] = ()
    cut: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a file is, by its own bytes."""

    whole: Part
    chain: Chain | None
    note: str
    goes_on: bool
    is_wave: bool
    end: OggEnd = "whole"


@lru_cache(maxsize=_MOST_SURVEYS)
def _survey(path: Path, _size: int, _modified: int) -> _Survey:
    """Look a file through, once as long as it does not change."""
    found = wrong_header(path)
    if found is not None:
        return _Survey(found.part, None, found.note, False, False)
    end = end_of_ogg(path)
    note = _NO_END_MARK if end == "open" else ""
    return _Survey(Part(path), chain_of(path), note, goes_on_unannounced(path), is_wave(path), end)


def candidates_of(path: Path, track: int | None) -> list[Candidate]:
    """How to decode a file, the best way first: libsndfile, unless it could leave it in the middle.

    Parameters
    ----------
    path : Path
    track : int or None
        Which sound track, from 1 on; the file's default one for None.

    Raises
    ------
    OSError
        It cannot be read.
    """
    status = path.stat()
    survey = _survey(path, status.st_size, status.st_mtime_ns)
    notes = (survey.note,) if survey.note else ()
    whole = survey.whole
    cut = _ENDS_INSIDE if survey.end == "cut" else ""
    by_ffmpeg = Candidate(lambda: FFmpegDecoder(whole, **_only(track)), notes, cut)
    if survey.goes_on:
        return [by_ffmpeg, Candidate(lambda: SoundFileDecoder(path, whole=False))]
    if survey.chain is not None:
        chain = survey.chain
        return [Candidate(lambda: _joined(chain), (*chain.notes, *notes), cut), by_ffmpeg]
    if track is not None and track > 1:
        return [by_ffmpeg, Candidate(lambda: SoundFileDecoder(whole), notes, cut)]
    # An empty chunk of sound in WAV is that: FFmpeg would take what follows for sound.
    both = Candidate(lambda: FallbackDecoder(SoundFileDecoder(whole), by_ffmpeg.decoder), notes, cut, survey.is_wave)
    ways = [both, by_ffmpeg]
    if not whole.plain:
        ways.append(Candidate(lambda: FFmpegDecoder(path)))
    return ways


def _only(track: int | None) -> dict[str, int]:
    return {} if track is None else {"track": track}


def _joined(chain: Chain) -> Decoder:
    """A decoder of all parts of a file."""
    kinds: list[Callable[[Part], Decoder]] = [SoundFileDecoder, FFmpegDecoder]
    if chain.uneven:
        kinds.reverse()

    def open_part(part: Part) -> Decoder:
        problem: NotDecodableError | None = None
        for kind in kinds:
            try:
                return kind(part)
            except NotDecodableError as error:
                problem = error
        raise problem or NotDecodableError("no library decodes it")

    return open_part(chain.parts[0]) if len(chain.parts) == 1 else ConcatenatedDecoder(chain.parts, open_part)
