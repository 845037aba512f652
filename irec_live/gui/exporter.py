"""Background export of an analysis to a file, with a message about the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from irec_live.formats import FORMATS
from irec_live.gui.backend import Backend
from irec_live.gui.background import Background
from irec_live.gui.language import tr
from irec_live.gui.wording import offset_text, sentence

if TYPE_CHECKING:
    from irec_live.session import Session


class Exporter(QObject):
    """Exports the analysis of a session. GUI thread only."""

    said = Signal(str, str)
    """A sentence, and ``info``, ``warning`` or ``error``."""

    def __init__(self, backend: Backend, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._backend = backend
        self._worker = Background("irec-export", self)

    def export(self, session: Session, path: Path, form: str) -> None:
        """Write the whole analysis of a session as one of `FORMATS`; of a live one, what was heard up to now."""
        offset = session.threshold_offset
        # Not every format contains the offset; without this message two exports would differ for no visible reason.
        affected = offset and FORMATS[form].has_events

        def write() -> bool:
            analysis = session.analysis()  # here, because that of hours of live sound takes a second
            if analysis is not None:
                self._backend.export(analysis, path, form)
            return analysis is not None

        def tell(written: bool) -> None:
            if written:
                text = tr("Saved {name} in {folder}.")
                if affected:
                    text = tr("Saved {name} in {folder}. Its events were found with the thresholds moved by {offset}.")
                self.said.emit(text.format(name=path.name, folder=path.parent, offset=offset_text(offset)), "info")
            elif session.kind == "live":
                self.said.emit(tr("There is nothing to export yet; export it in a moment."), "warning")
            else:
                self.said.emit(
                    tr("The file is still being analysed; export it when the progress bar is gone."), "warning"
                )

        self._worker.submit(write, tell, lambda text: self.said.emit(sentence(text), "error"))

    def stop(self) -> None:
        """Finish the file that is being written and stop."""
        self._worker.finish()
