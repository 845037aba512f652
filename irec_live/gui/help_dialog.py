"""Help dialog: shortcuts, what the curves mean, and why a label may be wrong."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from irec_live.gui.language import marked, tr
from irec_live.gui.window_size import available_size

_CURVES = (
    (marked("Line"), marked("likelihood: how sure the model is that the instrument plays, 0 to 100\u00a0%.")),
    (marked("Filled area"), marked("loudness of that instrument alone, over a range of 60 dB.")),
    (
        marked("Thin level line"),
        marked("threshold: an instrument lights up where its smoothed likelihood is above it."),
    ),
    (marked("Tint with a bar below"), marked("an event: from the onset to the offset of the instrument.")),
    (
        marked("Dashed line"),
        marked("a second model, if one is compared; hatched at the top of a lane: the two disagree."),
    ),
    (marked("Spectrum"), marked("loudness of low (bottom) to high (top) tones of the whole sound.")),
    (
        marked("Bars below the waveform"),
        marked("all events of the session so far, or of the file: each from its onset to its offset."),
    ),
    (marked("Frame over the waveform"), marked("the span that the lanes show; its upper end can be dragged.")),
    (marked("Hatching"), marked("the playhead is at a place that is not analysed yet.")),
)
_DOUBTS = (
    marked("Only instruments that the model knows can be named. Another one is given the name of the most similar."),
    marked("A short note, or one below others that are louder, may be missed; a model hears about a second at a time."),
    marked(
        "Instruments of one family (violin and cello, saxophone and clarinet) are mistaken for each other most often."
    ),
    marked("Reverberation, noise, strong effects and phone microphones differ from what models were trained on."),
    marked("A threshold that is too low names what does not play; one that is too high misses what does."),
    marked("Likelihood is not loudness: a quiet instrument may be certain, and a loud one doubtful."),
)
_LANE_KEYS = (
    (marked("Up, Down"), marked("In the lanes: another one")),
    (marked("Ctrl+Up, Ctrl+Down"), marked("Move the lane")),
    (marked("Enter"), marked("Enlarge the lane, with its numbers")),
    (marked("Ins, Del"), marked("Pin the lane to the top; hide it")),
    (marked("Shift+Up, Shift+Down"), marked("Move the threshold of this instrument alone")),
    (marked("Backspace"), marked("Put that back where the model has it")),
)
_MOUSE = (
    (marked("Click the level"), marked("Channels and gain of a live input")),
    (marked("Right-click the spectrum"), marked("Its colours, levels and frequencies")),
    (marked("Click a lane"), marked("Enlarge it, with its numbers")),
    (marked("Drag the name of a lane"), marked("Move it")),
    (marked("Drag the threshold line in a lane"), marked("Move the threshold of this instrument alone")),
    (marked("Double-click that line"), marked("Put it back where the model has it")),
    (marked("Right-click a lane"), marked("Pin or hide it; order and height of all")),
    (marked("Wheel or pinch over lanes, spectrum or overview"), marked("Zoom; with Shift, or sideways, move")),
    (marked("Drag over lanes or spectrum"), marked("Move through the session")),
    (marked("Point at lanes, spectrum or overview"), marked("Read time, instrument, likelihood, level, frequency")),
    (marked("Shift-drag"), marked("Select a span; a file repeats it")),
    (marked("Click in the overview"), marked("Seek in a file; look there in a live session")),
    (marked("Drag the handle at the top of the overview, or its ends"), marked("Move or change what the lanes show")),
    (marked("Double-click in the overview"), marked("Select nothing, repeat nothing")),
    (marked("Click in the event list"), marked("Go there; on the head of a column, sort")),
    (marked("Drop files, a folder or a model"), marked("Play them, or use the model")),
)


class HelpDialog(QDialog):
    """Shows the help page. Does not block the window.

    Parameters
    ----------
    actions : iterable of QAction
        Those with a shortcut are listed.
    parent : QWidget
    """

    def __init__(self, actions: Iterable[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Help – irec-live"))
        self.page = QTextBrowser()
        self.page.setAccessibleName(tr("Help"))
        self.page.setHtml(help_html(actions))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.page)
        room = available_size(parent)
        self.resize(min(720, room.width() - 40), min(640, room.height() - 60))


def help_html(actions: Iterable[QAction]) -> str:
    """The help page as HTML, in the colours of whatever shows it."""
    native = QKeySequence.SequenceFormat.NativeText
    keys = [
        (action.shortcut().toString(native), action.text().replace("&", "").rstrip("…"))
        for action in actions
        if not action.shortcut().isEmpty()
    ]
    keys += [
        (tr("Tab"), tr("Next control; lanes and overview can be reached, too")),
        (tr("Up, Down"), tr("In the overview: scroll")),
        *_shown(_LANE_KEYS),
    ]
    doubts = "".join(f"<li>{escape(tr(text))}</li>" for text in _DOUBTS)
    parts = (
        (tr("What the curves mean"), _table(_shown(_CURVES))),
        (tr("Why a label may be wrong"), f"<ul>{doubts}</ul>"),
        (tr("Keyboard"), _table(keys)),
        (tr("Mouse"), _table(_shown(_MOUSE))),
    )
    return "".join(f"<h2>{escape(title)}</h2>{content}" for title, content in parts)


def _shown(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(tr(name), tr(text)) for name, text in rows]


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td style='padding: 2px 18px 2px 0'><b>{escape(name)}</b></td>"
        f"<td style='padding: 2px 0'>{escape(text)}</td></tr>"
        for name, text in rows
    )
    return f"<table>{cells}</table>"
