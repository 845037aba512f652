"""Qt style sheet and palette of a `Theme`, for the standard controls: buttons, combo boxes, sliders, menus."""

from __future__ import annotations

from string import Template

from PySide6.QtGui import QPalette

from irec_live.gui.icons import icon_path
from irec_live.gui.theme import Theme

_SHEET = Template(
    """
QWidget { color: $text; font-size: 13px; }
QMainWindow, QDialog, QMessageBox { background: $ground; }
QToolTip { background: $raised; color: $text; border: 1px solid $faint; padding: 4px 6px; }

#topBar { background: $surface; border-bottom: 1px solid $line; }
#statusStrip { background: $surface; border-top: 1px solid $line; }
#statusStrip QLabel { color: $muted; font-size: 12px; }
#statusStrip QLabel[alert="true"] { color: $warning; }
#statusStrip #state { color: $text; }
QLabel[role="muted"] { color: $muted; font-size: 12px; }
QLabel[role="title"] { font-size: 24px; font-weight: 600; }
QLabel[role="lead"] { color: $muted; font-size: 14px; }
QLabel[role="value"] { color: $text; font-size: 12px; }
QLabel[role="clock"] { color: $text; font-size: 13px; font-weight: 600; }

QComboBox, QPushButton, QToolButton { background: $raised; border: 1px solid $outline; border-radius: 6px;
    padding: 5px 10px; min-height: 18px; }
QComboBox:hover, QPushButton:hover, QToolButton:hover { background: $hover; }
QComboBox:focus, QPushButton:focus, QToolButton:focus { border: ${ring}px solid $accent; padding: ${tall}px ${wide}px; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled { color: $faint; }
QPushButton[primary="true"] { background: $accent; color: $on_accent; font-weight: 600; }
QPushButton[primary="true"]:focus { background: $raised; color: $text; }
QToolButton[flat="true"] { background: transparent; padding: 4px; }
QToolButton[flat="true"]:focus { padding: ${slim}px; }
QToolButton[flat="true"]:hover { background: $hover; }
QToolButton[flat="true"]:checked { background: $hover; border-color: $accent; }
QFileDialog QToolButton { padding: 2px; min-height: 0; }
QFileDialog QToolButton:focus { padding: 1px; border-width: 2px; }
QToolButton::menu-indicator { image: none; }
QComboBox { padding-right: 26px; combobox-popup: 0; }
QComboBox:focus { padding-right: ${button}px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url($chevron); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $raised; border: none; outline: none; padding: 4px;
    selection-background-color: $hover; selection-color: $text; }
QComboBox QAbstractItemView::item { min-height: 26px; padding-left: 6px; }

QListWidget { background: $raised; border: 1px solid $outline; border-radius: 6px; outline: none; padding: 4px; }
QListWidget::item { min-height: 26px; padding-left: 6px; border-radius: 4px; }
QListWidget::item:selected { background: $hover; color: $text; }
QListWidget:focus { border: ${ring}px solid $accent; padding: ${slim}px; }

QMenu { background: $raised; border: 1px solid $hover; padding: 6px; }
QMenu::item { padding: 6px 26px 6px 24px; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $hover; margin: 6px 8px; }

QLineEdit { background: $raised; border: 1px solid $outline; border-radius: 6px; padding: 5px 10px; min-height: 18px;
    placeholder-text-color: $muted; }
QLineEdit:focus { border: ${ring}px solid $accent; padding: ${tall}px ${wide}px; }
QProgressBar { background: $hover; border: none; border-radius: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }

QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $hover; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: $text; }
QSlider::handle:horizontal:hover { background: $accent; }
QSlider { border: 2px solid transparent; border-radius: 6px; }
QSlider:focus { border-color: $accent; }
QTextBrowser { background: $ground; border: none; padding: 8px 16px; }

QTreeWidget { background: $surface; border: 1px solid $line; border-radius: 6px; outline: none;
    alternate-background-color: $raised; }
QTreeWidget::item { min-height: 26px; padding: 0 6px; }
QTreeWidget::item:selected, QTreeWidget::item:hover { background: $hover; color: $text; }
QHeaderView::section { background: $surface; color: $muted; border: none; border-bottom: 1px solid $line;
    padding: 6px; }

QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar::handle:vertical { background: $hover; border-radius: 4px; min-height: 28px; }
QScrollBar::handle:vertical:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

#viewChip { background: $raised; border: 1px solid $accent; border-radius: 6px; }
#viewChip QLabel { font-size: 12px; }
#viewChip QToolButton { background: $accent; color: $on_accent; font-weight: 600; padding: 0 10px; min-height: 18px; }
#viewChip QToolButton:focus { background: $raised; color: $text; border: 2px solid $accent; padding: 0 9px; }
#zoomButtons QToolButton { padding: 0; min-height: 0; border-radius: 4px; font-size: 12px; }
#zoomButtons QToolButton:focus { border-width: 2px; }

#eventList { background: $surface; border-left: 1px solid $line; }
#eventList QLineEdit { background: $ground; border: 1px solid $faint; border-radius: 6px; padding: 4px 8px; }
#eventList QLineEdit:focus { border: 2px solid $accent; padding: 3px 7px; }
#eventList QLineEdit QToolButton { background: transparent; border: none; padding: 0; min-height: 0; }
#eventList QTableView { background: $surface; border: 2px solid transparent; outline: none; font-size: 12px;
    selection-background-color: $accent; selection-color: $on_accent; }
#eventList QTableView:focus { border-color: $accent; }
#eventList QTableView::item { padding: 0 4px; }
#eventList QTableView::item:selected { background: $accent; color: $on_accent; }
#eventList QHeaderView, #eventList QHeaderView::section { background: $surface; color: $muted; border: none;
    border-bottom: 1px solid $line; padding: 3px 4px; font-size: 12px; }

#messageBar { border-radius: 6px; }
#messageBar[level="info"] { background: $info_ground; }
#messageBar[level="warning"] { background: $warning_ground; }
#messageBar[level="error"] { background: $error_ground; }
#messageBar QLabel { font-size: 13px; }
"""
)


def stylesheet(theme: Theme) -> str:
    """The style sheet of the whole application in one theme."""
    # as_posix: Qt style sheets want forward slashes in a url, on Windows, too.
    named = {key: value for key, value in vars(theme).items() if isinstance(value, str)}
    # What has the keyboard has a thicker border and so much less inside of it: nothing moves.
    more = theme.ring - 1
    inside = {"tall": 5, "wide": 10, "slim": 4, "button": 26}
    paddings = {name: pixels - more for name, pixels in inside.items()}
    return _SHEET.substitute(named, **paddings, ring=theme.ring, chevron=icon_path("chevron-down").as_posix())


def palette(theme: Theme) -> QPalette:
    """Palette of a theme, for what a style sheet does not reach: dialogs, disabled text, selections."""
    made = QPalette()
    role = QPalette.ColorRole
    for where, name in (
        (role.Window, "ground"),
        (role.Base, "surface"),
        (role.AlternateBase, "raised"),
        (role.Button, "raised"),
        (role.WindowText, "text"),
        (role.Text, "text"),
        (role.ButtonText, "text"),
        (role.ToolTipBase, "raised"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "muted"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.Link, "accent"),
    ):
        made.setColor(where, theme.color(name))
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, where, theme.color("faint"))
    return made
