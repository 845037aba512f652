"""Starting, restarting and sharing PortAudio, which is one per process.

PortAudio reads the list of devices once, when it is initialised, so new ones appear only after `refresh`, which ends
every open stream of the process; `hold_stream` keeps the two apart.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from irec_live.errors import DeviceError

_NO_PORTAUDIO = (
    "PortAudio is not installed; on Debian or Ubuntu: sudo apt install libportaudio2; "
    "on Fedora: sudo dnf install portaudio; files can be analysed without it"
)

# Guards PortAudio's start and stop, and the count of streams that a restart would kill.
_lock = threading.RLock()
_open_streams = 0


def _portaudio() -> Any:
    # Called with `_lock` held. A failed import is retried the next time: the library may have been installed meanwhile.
    try:
        import sounddevice
    except ImportError as error:
        raise DeviceError(f"sounddevice is missing ({error}); run: pip install sounddevice") from error
    except OSError as error:
        raise DeviceError(_NO_PORTAUDIO) from error
    except Exception as error:  # PortAudioError cannot be named before the import succeeds
        raise DeviceError(f"PortAudio cannot start: {error}") from error
    return sounddevice


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
            stream.close(ignore_errors=True)
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
            # NB: sounddevice has no public call for this; its documentation names these two for the purpose.
            with suppress(sd.PortAudioError):  # it is not running if the last restart failed
                sd._terminate()
            sd._initialize()
        except sd.PortAudioError as error:
            raise DeviceError(f"PortAudio cannot be restarted: {error}") from error
        return True
