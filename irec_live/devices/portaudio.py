"""Starting, restarting and sharing PortAudio, which is one per process.

PortAudio reads the list of devices once, when it is initialised, so new ones appear only after `refresh`, which ends
every open stream of the process; `hold_stream` keeps the two apart.

On Linux most of its calls ask a sound server, and wait for one that does not answer for ever, deaf to Ctrl-C. So they
are made on a thread of their own (`ask`), which is left behind after `ANSWER_S`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from irec_live import native_lines
from irec_live.errors import DeviceError

Answer = TypeVar("Answer")

ANSWER_S = 3.0
"""A sound server that needs longer than this for one answer is taken to give none."""

NO_ANSWER = (
    f"the sound server has not answered for {ANSWER_S:.0f} s; start it anew (systemctl --user restart pipewire-pulse, "
    "or pulseaudio --kill); files can be analysed without it"
)

_NO_PORTAUDIO = (
    "PortAudio is not installed; on Debian or Ubuntu: sudo apt install libportaudio2; "
    "on Fedora: sudo dnf install portaudio; files can be analysed without it"
)

# Guards PortAudio's start and stop, the count of streams that a restart would kill, and the question left behind.
_lock = threading.RLock()
_open_streams = 0
_left: _Question | None = None
_known: Any = None


class _Question:
    """A call on a thread of its own, whose answer may come too late."""

    def __init__(self, work: Callable[[], Any], undo: Callable[[Any], object] | None) -> None:
        self._work, self._undo = work, undo
        self._taken = threading.Lock()
        self._answer: Any = None
        self._error: BaseException | None = None
        self._late = False
        self.done = threading.Event()
        threading.Thread(target=self._run, name="irec-portaudio", daemon=True).start()

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as error:  # noqa: BLE001 - whoever asked gets it
            self._error = error
        with self._taken:
            late = self._late
            if not late:
                self.done.set()
        if late:
            if self._error is None and self._undo is not None:
                with suppress(Exception):
                    self._undo(self._answer)
            self.done.set()

    def wait(self) -> bool:
        """Whether the call is over within `ANSWER_S`."""
        return self.done.wait(ANSWER_S)

    def answer(self) -> Any:
        """What the call returned or raised, once it is done."""
        if self._error is not None:
            raise self._error
        return self._answer

    def leave(self) -> bool:
        """Wait no longer: an answer that comes now is undone. False if it has just come."""
        with self._taken:
            self._late = not self.done.is_set()
        return self._late


def ask(work: Callable[[], Answer], undo: Callable[[Answer], object] | None = None) -> Answer:
    """Call PortAudio, where that may have to wait for a sound server, for at most `ANSWER_S`.

    Parameters
    ----------
    work : callable
        The call. Nothing in it may take this module's lock.
    undo : callable, optional
        What becomes of an answer that comes too late: a stream is closed again.

    Raises
    ------
    DeviceError
        There was no answer in time, now or before, and still is none.
    """
    global _left
    if not sys.platform.startswith("linux"):  # elsewhere there is no such server, and threads are not alike to drivers
        return work()
    with _lock:
        if _left is not None and not _left.done.is_set():
            raise DeviceError(NO_ANSWER)
        _left = None
        # sounddevice points standard error elsewhere while it starts PortAudio; if that hangs, we still have to speak.
        errors = _duplicate_of_standard_error()
        question = _Question(work, undo)
        try:
            try:
                answered = question.wait() or not question.leave()
            except BaseException:  # Ctrl-C
                question.leave()
                raise
            finally:
                if not question.done.is_set():
                    _left = question
                    if errors is not None:
                        os.dup2(errors, 2)
        finally:
            if errors is not None:
                os.close(errors)
        if not answered:
            raise DeviceError(NO_ANSWER)
        return question.answer()  # type: ignore[no-any-return]


def _duplicate_of_standard_error() -> int | None:
    try:
        return os.dup(2)
    except OSError:  # it may be closed
        return None


def _import() -> Any:
    native_lines.silence()
    import sounddevice

    return sounddevice


def _portaudio() -> Any:
    # Called with `_lock` held. A failed import is retried the next time: the library may have been installed meanwhile.
    global _known
    if _known is not None and sys.modules.get("sounddevice") is _known:
        return _known
    try:
        _known = ask(_import)
    except DeviceError:
        raise
    except ImportError as error:
        raise DeviceError(f"sounddevice is missing ({error}); run: pip install sounddevice") from error
    except OSError as error:
        raise DeviceError(_NO_PORTAUDIO) from error
    except Exception as error:  # PortAudioError cannot be named before the import succeeds
        raise DeviceError(f"PortAudio cannot start: {error}") from error
    return _known


@contextmanager
def portaudio_running() -> Iterator[Any]:
    """The `sounddevice` module, for a question during which PortAudio must not be restarted.

    Raises
    ------
    DeviceError
        PortAudio is not installed or cannot start.
    """
    with _lock:
        yield _portaudio()


@contextmanager
def hold_stream() -> Iterator[Any]:
    """Keep PortAudio from being restarted while a stream is opened, and for as long as it stays open.

    Yields the `sounddevice` module. On normal exit the stream counts as open until `close_stream`; when the body
    raises, nothing stays counted.
    """
    global _open_streams
    with _lock:
        yield _portaudio()
        _open_streams += 1


def close_stream(stream: Any) -> None:
    """Close a stream that was opened under `hold_stream`; its device may be gone already."""
    global _open_streams
    # Under the lock: PortAudio does not promise that one stream may be opened while another is closed.
    with _lock:
        try:
            with suppress(DeviceError):  # a server that does not answer has nothing to take back
                ask(lambda: stream.close(ignore_errors=True))
        finally:
            _open_streams = max(0, _open_streams - 1)


def refresh() -> bool:
    """Read the list of devices anew, by restarting PortAudio.

    Returns
    -------
    bool
        False when a stream of this process is open: it would not survive, so the list stays as it was.

    Raises
    ------
    DeviceError
        PortAudio is not installed or cannot start again.
    """
    with _lock:
        if _open_streams:
            return False
        sd = _portaudio()
        try:
            ask(lambda: _restart(sd))
        except sd.PortAudioError as error:
            raise DeviceError(f"PortAudio cannot be restarted: {error}") from error
        return True


def _restart(sd: Any) -> None:
    # NB: sounddevice has no public call for this; its documentation names these two for the purpose.
    with suppress(sd.PortAudioError):  # it is not running if the last restart failed
        sd._terminate()
    sd._initialize()
