"""A label that tells a screen reader what its text means, and the text."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel


class NamedLabel(QLabel):
    """A label whose accessible name is a name and its text; an accessible name alone would hide the text.

    Parameters
    ----------
    name : str
        What the text means, such as "Playback position".
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setAccessibleName(name)

    def setText(self, text: str) -> None:
        """Show a text, and tell it."""
        super().setText(text)
        self.setAccessibleName(f"{self._name}: {text}" if text else self._name)
