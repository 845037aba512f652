"""The work of one worker, whatever started it: an item in, its outcome out."""

from __future__ import annotations

import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from irec_live.analysis import analyze
from irec_live.batch.items import PARQUET, Item, Outcome, Settings
from irec_live.batch.remote import as_url, fetched
from irec_live.batch.writing import file_sha256, write_result
from irec_live.errors import IrecError, MediaError, ModelError, OutputError
from irec_live.files import look
from irec_live.formats import FORMATS
from irec_live.models.choice import load_models
from irec_live.models.detector import adopt_test_runs
from irec_live.report import Analysis
from irec_live.spool import printable, stream_of
from irec_live.tables import recording_of, write_curves


class ItemAnalyzer:
    """Analyses items one after another with networks of its own.

    Parameters
    ----------
    settings : Settings
    threads : int
        Batches of windows predicted on at once.
    overwrite : bool
        Replace result files that say something else.

    Raises
    ------
    ModelError
        A network is missing, another one than was asked for, or does not run where it was to run.
    """

    def __init__(self, settings: Settings, *, threads: int = 1, overwrite: bool = False) -> None:
        self.settings = settings
        self._fingerprint, self._found_with = settings.fingerprint, settings.analysis
        self._overwrite = overwrite
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="irec-predict")
        adopt_test_runs(dict(settings.test_runs))
        self._detectors = load_models([Path(model) for model in settings.models], settings.provider)
        if tuple(detector.sha256 for detector in self._detectors) != settings.sha256:
            raise ModelError("a model file was changed since the analysis began; start it again")
        ran = tuple(detector.providers[0] for detector in self._detectors)
        if ran != settings.providers:  # another processor rounds otherwise: the results would not be what they say
            notices = [detector.notice for detector in self._detectors if detector.notice]
            reason = notices[0] if notices else f"it runs them on {' and '.join(ran)}"
            wanted = " and ".join(dict.fromkeys(settings.providers))
            raise ModelError(f"{platform.node()} cannot run the networks on {wanted}: {reason}")

    def __call__(self, item: Item, progress: Callable[[float], None] | None = None) -> Outcome:
        """Analyse one; never raises what a file can cause."""
        try:
            return self._analyse(item, progress)
        except IrecError as error:
            return Outcome(item.key, "failed", str(error))
        except Exception as error:  # noqa: BLE001 -- one file must not end the others' analysis
            name = printable(Path(item.path).name)
            return Outcome(item.key, "failed", f"{name} cannot be analysed ({type(error).__name__}: {error})")

    def _analyse(self, item: Item, progress: Callable[[float], None] | None) -> Outcome:
        if not as_url(item.path):
            return self._analyse_file(item, Path(item.path), progress)
        with fetched(item.path) as copy:
            return self._analyse_file(item, copy, progress)

    def _analyse_file(self, item: Item, path: Path, progress: Callable[[float], None] | None) -> Outcome:
        if stream_of(path) is not None:
            raise MediaError(f"{printable(path.name)} is a pipe; analyse it by itself")
        # Before the analysis, which takes longer: whoever writes to the file meanwhile is found out by its stamp.
        sha256, before = _hashed(path)
        if self._is_same(item, sha256):
            return Outcome(item.key, "same", incomplete=item.known is not None and item.known.incomplete)
        settings = self.settings
        analysis = analyze(
            path,
            models=self._detectors,
            hop_s=settings.hop_s,
            track=settings.track,
            channel=settings.channel,
            progress=progress,
            executor=self._pool,
        )
        if not look(path):
            raise MediaError(f"{printable(path.name)} was moved or deleted while it was analysed")
        if _stamp(path) != before:
            raise MediaError(f"{printable(path.name)} was changed while it was analysed; analyse it again")
        analysis = replace(analysis, file=item.name)
        result_sha256, result_bytes = self._write(item, analysis)
        return Outcome(
            item.key,
            "done",
            incomplete=bool(analysis.warning),
            recording=recording_of(
                analysis, path=printable(item.path), sha256=sha256, size_bytes=before[0], settings=self._found_with
            ),
            result_sha256=result_sha256,
            result_bytes=result_bytes,
        )

    def _is_same(self, item: Item, sha256: str) -> bool:
        known = item.known
        if known is None or (known.sha256, known.settings, known.name) != (sha256, self._fingerprint, item.name):
            return False
        if item.target is None:
            return True
        try:
            return Path(item.target).stat().st_size == known.result_bytes  # a hash would read every result again
        except OSError:
            return False

    def _write(self, item: Item, analysis: Analysis) -> tuple[str, int]:
        """Write the result file, if the item has one: its hash and size."""
        if item.target is None:
            return "", 0
        target = Path(item.target)
        try:
            if self.settings.form == PARQUET:
                write_curves(analysis, target)
            else:
                form = FORMATS[self.settings.form]
                ours = self._overwrite or self._is_ours(item, target)
                write_result(lambda: form.pieces(analysis), target, overwrite=ours)
            return file_sha256(target), target.stat().st_size
        except OSError as error:
            raise OutputError(f"cannot read {target}: {error.strerror or error}") from error

    def _is_ours(self, item: Item, target: Path) -> bool:
        """Whether what is there is what the journal says we wrote."""
        return item.known is not None and bool(look(target)) and file_sha256(target) == item.known.result_sha256


def _hashed(path: Path) -> tuple[str, tuple[int, int]]:
    try:
        before = _stamp(path)
        return file_sha256(path), before
    except FileNotFoundError as error:
        raise MediaError(f"there is no file {printable(str(path))}; check the path") from error
    except IsADirectoryError as error:
        raise MediaError(f"{printable(path.name)} is a folder; give an audio file") from error
    except (OSError, ValueError) as error:
        raise MediaError(
            f"{printable(path.name)} cannot be opened: {getattr(error, 'strerror', None) or error}"
        ) from error


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
