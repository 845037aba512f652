"""Values between a batch and its engines: what to analyse, how, and what became of it. All can be pickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from irec_live.tables.recording import Recording

if TYPE_CHECKING:
    from irec_live.models.detector import Detector, Provider

PARQUET = "parquet"
"""The format that is no file for each file but tables of all."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal says of an item.

    Attributes
    ----------
    sha256, settings, name : str
        Of the sound file; as `Settings.fingerprint`; as shown in the result.
    result_sha256 : str
        Of the result file; empty where there is none.
    result_bytes : int
    incomplete : bool
        Whether part of the file could not be analysed.
    """

    sha256: str
    settings: str
    name: str
    result_sha256: str = ""
    result_bytes: int = 0
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One file to analyse.

    Attributes
    ----------
    path : str
        Absolute.
    name : str
        What its result calls it.
    key : str
        By which the journal knows it.
    target : str or None
        Result file; None where the recording is the result.
    size_bytes : int
        For the progress.
    known : Known or None
    """

    path: str
    name: str
    key: str
    target: str | None = None
    size_bytes: int = 0
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How to analyse: all that a result depends on beside the sound.

    Attributes
    ----------
    models : tuple of str
        Paths of the networks.
    sha256 : tuple of str
        Of each network's file.
    providers : tuple of str
        What they run on.
    form : str
        A name of `irec_live.formats.FORMATS`, or `PARQUET`.
    curves : bool
        Whether `PARQUET` has the curves, too.
    test_runs : tuple
        As of `irec_live.models.detector.known_test_runs`.
    """

    models: tuple[str, ...]
    sha256: tuple[str, ...]
    providers: tuple[str, ...] = ()
    provider: Provider = "auto"
    hop_s: float | None = None
    track: int | None = None
    channel: int | None = None
    form: str = PARQUET
    curves: bool = False
    test_runs: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def fingerprint(self) -> str:
        """Tells these settings from others, 16 hexadecimal digits; paths and the order of networks do not count."""
        return self._digest(self.form, self.curves)

    @property
    def analysis(self) -> str:
        """The same for what is found, whatever it is written as."""
        return self._digest()

    def _digest(self, *more: object) -> str:
        from irec_live import __version__

        facts = [
            "irec.analysis/1",
            __version__,
            sorted(zip(self.sha256, self.providers, strict=True)),  # a GPU rounds differently
            self.hop_s,
            self.track,
            self.channel,
            *more,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

    @classmethod
    def of(cls, detectors: Sequence[Detector], **choices: Any) -> Settings:
        """The settings that loaded networks stand for.

        Parameters
        ----------
        detectors : sequence of Detector
            From files.
        **choices
            The other attributes.
        """
        from irec_live.models.detector import known_test_runs

        hashes = tuple(detector.sha256 for detector in detectors)
        choices.setdefault("providers", tuple(detector.providers[0] for detector in detectors))
        return cls(
            test_runs=tuple((sha256, batches) for sha256, batches in known_test_runs().items() if sha256 in hashes),
            models=tuple(str(detector.path) for detector in detectors),
            sha256=hashes,
            **choices,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item.

    Attributes
    ----------
    key : str
    status : {"done", "same", "failed"}
        "same": it was done before, and is unchanged.
    reason : str
        Why it failed, one sentence.
    incomplete : bool
        Whether part of the file could not be analysed.
    recording : Recording or None
        Of what is done.
    result_sha256, result_bytes
        As of `Known`.
    """

    key: str
    status: Literal["done", "same", "failed"]
    reason: str = ""
    incomplete: bool = False
    recording: Recording | None = None
    result_sha256: str = ""
    result_bytes: int = 0
