"""The app's window on a made-up microphone: a process that tests may press keys in, and kill.

Run as ``python window_on_tones.py HOME MODEL.onnx [SESSION]``: settings and recordings are in HOME; the microphone
plays the labels of `tiny_models` in turn, for ever; with a SESSION, that is opened instead.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from endless_tones import EndlessTones

from irec_live.gui.app import application, compose
from irec_live.gui.backend import AppBackend
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.settings_schema import RECORD_FOLDER
from irec_live.input_kind import InputKind
from irec_live.session import Session, open_stream


class TonesBackend(AppBackend):
    """Opens the made-up microphone, and files and sessions as they are."""

    def open(self, request: SourceRequest, models: Sequence[Any], *rest: Any) -> Session:
        """See `AppBackend.open`."""
        return (
            open_stream(EndlessTones("Tones"), models) if request.path is None else super().open(request, models, *rest)
        )


def main() -> None:
    """Show the window until it is closed, or the process killed."""
    home, model, *session = sys.argv[1:]
    app = application()
    preferences = Preferences.in_file(Path(home) / "settings.ini")
    preferences.put(RECORD_FOLDER, str(Path(home) / "takes"))
    parts = compose(TonesBackend(audible=False), preferences, [model])
    parts.window.resize(1200, 640)
    parts.window.show()
    path = Path(session[0]) if session else None
    kind = InputKind.MIC if path is None else InputKind.FILE
    parts.manager.open(SourceRequest(kind, path=path))
    app.exec()


if __name__ == "__main__":
    main()
