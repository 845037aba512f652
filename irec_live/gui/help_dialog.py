"""Help dialog: shortcuts, what the curves mean, and why a label may be wrong."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from irec_live.gui.window_size import available_size

_CURVES = (
    ("Line", "likelihood: how sure the model is that the instrument plays, 0 to 100\u00a0%."),
    ("Filled area", "loudness of that instrument alone, over a range of 60 dB."),
    ("Thin level line", "threshold: an instrument lights up where its smoothed likelihood is above it."),
    ("Tint with a bar below", "an event: from the onset to the offset of the instrument."),
    ("Dashed line", "a second model, if one is compared; hatched at the top of a lane: the two disagree."),
    ("Spectrum", "loudness of low (bottom) to high (top) tones of the whole sound."),
    ("Bars below the waveform", "all events of the session so far, or of the file: each from its onset to its offset."),
    ("Frame over the waveform", "the span that the lanes show; its upper end can be dragged."),
    ("Hatching", "the playhead is at a place that is not analysed yet."),
)
_DOUBTS = (
    "Only instruments that the model knows can be named. Another one is given the name of the most similar.",
    "A short note, or one below others that are louder, may be missed; a model hears about a second at a time.",
    "Instruments of one family (violin and cello, saxophone and clarinet) are mistaken for each other most often.",
    "Reverberation, noise, strong effects and phone microphones differ from what models were trained on.",
    "A threshold that is too low names what does not play; one that is too high misses what does.",
    "Likelihood is not loudness: a quiet instrument may be certain, and a loud one doubtful.",
)
_LANE_KEYS = (
    ("Up, Down", "In the lanes: another one"),
    ("Ctrl+Up, Ctrl+Down", "Move the lane"),
    ("Enter", "Enlarge the lane, with its numbers"),
    ("Ins, Del", "Pin the lane to the top; hide it"),
    ("Shift+Up, Shift+Down", "Move the threshold of this instrument alone"),
    ("Backspace", "Put that back where the model has it"),
)
_MOUSE = (
    ("Click the level", "Channels and gain of a live input"),
    ("Right-click the spectrum", "Its colours, levels and frequencies"),
    ("Click a lane", "Enlarge it, with its numbers"),
    ("Drag the name of a lane", "Move it"),
    ("Drag the threshold line in a lane", "Move the threshold of this instrument alone"),
    ("Double-click that line", "Put it back where the model has it"),
    ("Right-click a lane", "Pin or hide it; order and height of all"),
    ("Wheel or pinch over lanes, spectrum or overview", "Zoom; with Shift, or sideways, move"),
    ("Drag over lanes or spectrum", "Move through the session"),
    ("Point at lanes, spectrum or overview", "Read time, instrument, likelihood, level, frequency"),
    ("Shift-drag", "Select a span; a file repeats it"),
    ("Click in the overview", "Seek in a file; look there in a live session"),
    ("Drag the handle at the top of the overview, or its ends", "Move or change what the lanes show"),
    ("Double-click in the overview", "Select nothing, repeat nothing"),
    ("Click in the event list", "Go there; on the head of a column, sort"),
    ("Drop files, a folder or a model", "Play them, or use the model"),
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
        self.setWindowTitle("Help – irec-live")
        self.page = QTextBrowser()
        self.page.setAccessibleName("Help")
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
        ("Tab", "Next control; lanes and overview can be reached, too"),
        ("Up, Down", "In the overview: scroll"),
        *_LANE_KEYS,
    ]
    doubts = "".join(f"<li>{escape(text)}</li>" for text in _DOUBTS)
    return (
        f"<h2>What the curves mean</h2>{_table(_CURVES)}"
        f"<h2>Why a label may be wrong</h2><ul>{doubts}</ul>"
        f"<h2>Keyboard</h2>{_table(keys)}<h2>Mouse</h2>{_table(_MOUSE)}"
    )


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td style='padding: 2px 18px 2px 0'><b>{escape(name)}</b></td>"
        f"<td style='padding: 2px 0'>{escape(text)}</td></tr>"
        for name, text in rows
    )
    return f"<table>{cells}</table>"
