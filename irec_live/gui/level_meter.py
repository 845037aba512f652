"""Level meter widget: RMS as a bar, with peak hold."""

from __future__ import annotations

import time

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QSizePolicy

from irec_live.gui.focus_ring import paint_focus_ring
from irec_live.gui.language import marked, tr
from irec_live.gui.theme import font
from irec_live.gui.themed_widget import ThemedWidget
from irec_live.gui.wording import decibel_text

FLOOR_DB = -60.0
"""Level at the left end, dBFS."""
_HOLD_S = 1.5
"""How long the peak mark stays."""
_FALL_DB_PER_S = 20.0
_RELEASE_DB_PER_S = 26.0
"""How fast the peak mark falls after that, and the bar at any time."""

_MEANING = marked("Input level in dB below full scale: bar = RMS, mark = peak of the last moments")


class LevelMeter(ThemedWidget):
    """RMS bar and peak mark on a scale of 60 dB, in the colours `warning` from -18 dBFS and `error` from -6 dBFS."""

    def __init__(self) -> None:
        super().__init__()
        self._level_db = self._held_db = -120.0
        self._picture = (0, 0)
        self._held_s = self._drawn_s = time.monotonic()
        self._menu: QMenu | None = None
        self._note = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(196)
        self.setAccessibleName(tr("Input level"))
        self.setToolTip(tr(_MEANING))

    @property
    def held_db(self) -> float:
        """Level of the peak mark, dBFS."""
        return self._held_db

    def set_menu(self, menu: QMenu | None, note: str = "", meaning: str = "") -> None:
        """Open a menu when pressed, or none.

        Parameters
        ----------
        menu : QMenu or None
        note : str
            A few words under the bar, about what is set there; may be empty.
        meaning : str
            The same in full, for tool tip and screen readers.
        """
        self._menu, self._note = menu, note
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if menu is None else Qt.FocusPolicy.TabFocus)
        self.setAccessibleDescription(meaning)
        change = tr("{setting}: click to change", setting=meaning) if meaning else ""
        self.setToolTip("\n".join(filter(None, (tr(_MEANING), change))))
        self.setCursor(Qt.CursorShape.ArrowCursor if menu is None else Qt.CursorShape.PointingHandCursor)
        self.update()

    def open_menu(self) -> None:
        """Open the menu, if there is one."""
        if self._menu is not None:
            self._menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the menu."""
        self.open_menu()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the menu."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.open_menu()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Room for the bar and a number."""
        return QSize(196, 28)

    def minimumSizeHint(self) -> QSize:
        """Room for the number and a short bar."""
        return QSize(110, 28)

    def show_level(self, level_db: float, peak_db: float, now_s: float | None = None) -> None:
        """Take the newest levels, dBFS; the bar rises at once and falls slowly."""
        now = time.monotonic() if now_s is None else now_s
        elapsed = max(0.0, now - self._drawn_s)
        self._drawn_s = now
        self._level_db = max(level_db, self._level_db - _RELEASE_DB_PER_S * elapsed)
        if peak_db >= self._held_db:
            self._held_db, self._held_s = peak_db, now
        elif now - self._held_s > _HOLD_S:
            self._held_db = max(peak_db, self._held_db - _FALL_DB_PER_S * elapsed)
        # In half decibels, which are about one pixel: smaller changes need no repaint.
        picture = (round(2 * self._level_db), round(2 * self._held_db))
        if picture != self._picture:
            self._picture = picture
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint groove, bar, peak mark and number."""
        painter = QPainter(self)
        groove = QRectF(0, self.height() / 2 - 4, self.width() - 58, 8)
        painter.fillRect(groove, self._theme.color("hover"))
        for start_db, end_db, name in ((FLOOR_DB, -18.0, "good"), (-18.0, -6.0, "warning"), (-6.0, 0.0, "error")):
            left = groove.width() * _share(start_db)
            right = groove.width() * min(_share(end_db), _share(self._level_db))
            if right > left:
                painter.fillRect(QRectF(groove.left() + left, groove.top(), right - left, 8), self._theme.color(name))
        if self._held_db > FLOOR_DB:
            mark = self._theme.color("error" if self._held_db > -0.1 else "text")
            x = groove.left() + (groove.width() - 2) * _share(self._held_db)
            painter.fillRect(QRectF(x, groove.top() - 2, 2, 12), mark)
        painter.setFont(font(12))
        painter.setPen(self._theme.color("muted"))
        place = QRectF(groove.right() + 4, 0, 54, self.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._text())
        if self._note:
            painter.setFont(font(10))
            below = QRectF(0, groove.bottom() + 1, groove.width(), self.height() - groove.bottom() - 1)
            painter.drawText(below, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._note)
        if self.hasFocus():
            paint_focus_ring(painter, QRectF(self.rect()), self._theme)
        painter.end()

    def _text(self) -> str:
        return decibel_text(self._level_db if self._level_db > -80 else -120.0)


def _share(level_db: float) -> float:
    """Position of a level on the scale, 0 (left) to 1 (right)."""
    return min(1.0, max(0.0, 1.0 - level_db / FLOOR_DB))
