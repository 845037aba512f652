"""A line over the lanes that says that the view does not follow, and a button that brings it back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from irec_live.gui.language import tr
from irec_live.gui.named_label import NamedLabel
from irec_live.gui.wording import clock_text

HEIGHT = 26


def behind_text(start_s: float, end_s: float, now_s: float, *, live: bool) -> str:
    """What is shown instead of now.

    Examples
    --------
    >>> behind_text(10.0, 25.0, 37.3, live=True)
    'Paused, 0:12 behind'
    >>> behind_text(60.0, 75.0, 130.0, live=False)
    '1:00 to 1:15, playhead at 2:10'
    """
    if live:
        return tr("Paused, {time} behind", time=clock_text(now_s - end_s))
    return tr(
        "{begin} to {end}, playhead at {time}",
        begin=clock_text(max(0.0, start_s)),
        end=clock_text(end_s),
        time=clock_text(now_s),
    )


class ViewChip(QFrame):
    """Text and button; shown only while the view does not follow.

    Parameters
    ----------
    follow : QAction
        What the button does.
    """

    def __init__(self, follow: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("viewChip")
        self._room = 0
        self.text = NamedLabel(tr("What is shown"))
        self.button = QToolButton()
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(follow.trigger)
        layout = QHBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.text)
        layout.addWidget(self.button)
        self.hide()

    def _margins(self, left: int) -> None:
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(left, 1, 2, 1)

    def show_behind(self, text: str, room: int, *, live: bool) -> None:
        """Say what is shown; the button returns to now (live), or to the playhead. An empty text hides all.

        Where there is less `room` than that takes, in pixels, the button is all.
        """
        button = tr("Live") if live else tr("Follow")
        changed = text != self.text.text() or button != self.button.text() or room != self._room
        if changed:
            self._room = room
            self.text.setText(text)
            self.button.setText(button)
            self.button.setToolTip(f"{button} (F)")
            self.button.setAccessibleName(tr("Back to now") if live else tr("Back to the playhead"))
        if changed or self.isHidden() == bool(text):
            self.setVisible(bool(text))
            self.text.show()
            self._margins(10)
            if self.sizeHint().width() > room:
                self.text.hide()
                self._margins(2)
            self.setToolTip(text)
            self.resize(self.sizeHint().width(), HEIGHT)
