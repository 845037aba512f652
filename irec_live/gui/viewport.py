"""Viewport: which span of the session lanes and spectrogram show; follows now (or the playhead), or stays where it is.

It moves the span of a `Bridge`, which asks the session for it.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from irec_live.gui.bridge import Bridge
from irec_live.results import Snapshot

SHORTEST_S = 2.0
"""The shortest span, seconds."""

_USUAL_S = 60.0
"""A span may be so long although the session is shorter."""

ZOOM_STEP = 1.5
"""Factor of one key press."""

PAN_SHARE = 0.25
"""Share of the span that one key press moves it by."""


class Viewport(QObject):
    """Zooms and pans. GUI thread only.

    Attributes
    ----------
    live : bool
        Whether the session is live: then there is nothing beyond now.
    now_s : float
        The newest moment, or the playhead.
    length_s : float
        Length of the session so far, or of the file.
    """

    changed = Signal()
    """The span, its end, or whether it follows has changed."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._whole = False
        self.live = True
        self.now_s = self.length_s = 0.0

    @property
    def span_s(self) -> float:
        """Length of the span."""
        return self._bridge.span_s

    @property
    def end_s(self) -> float:
        """Its end; now or the playhead while it follows."""
        return self.now_s if self._bridge.end_s is None else self._bridge.end_s

    @property
    def start_s(self) -> float:
        """Its start; before 0 in a session that is shorter than the span."""
        return self.end_s - self.span_s

    @property
    def following(self) -> bool:
        """Whether its end is now, or the playhead."""
        return self._bridge.end_s is None

    @property
    def longest_s(self) -> float:
        """The longest span."""
        return max(_USUAL_S, self.length_s)

    def reset(self, *, live: bool, span_s: float) -> None:
        """Follow another session."""
        self.live, self.now_s, self.length_s, self._whole = live, 0.0, 0.0, False
        self._set(span_s, None)

    def note(self, snapshot: Snapshot, length_s: float) -> None:
        """Take over where now is, and the length of the session."""
        self.now_s, self.length_s = snapshot.now_s, length_s
        if self._whole and self.following and self.live and self.length_s > self.span_s:
            self._set(self.length_s, None)  # the whole session, which grows

    def set_span(self, span_s: float) -> None:
        """Show a span of this length, with the same end."""
        self._whole = False
        self._set(span_s, self._bridge.end_s)

    def zoom(self, factor: float, at_s: float | None = None) -> None:
        """Show a span `factor` times as long.

        Parameters
        ----------
        factor : float
            Below 1 for more detail.
        at_s : float, optional
            The moment that stays where it is; the middle by default. While the view follows, it is the end.
        """
        span_s = min(max(SHORTEST_S, self.span_s * factor), self.longest_s)
        self._whole = self.live and self.following and span_s >= self.longest_s > _USUAL_S
        if self.following:
            self._set(span_s, None)
            return
        at_s = self.end_s - self.span_s / 2 if at_s is None else at_s
        share = (self.end_s - at_s) / self.span_s
        self._set(span_s, at_s + share * span_s)

    def show_all(self) -> None:
        """Show the whole session; a live one goes on growing in the view."""
        self._whole = self.live
        self._set(max(SHORTEST_S, self.length_s), None if self.live else self.length_s)

    def show(self, from_s: float, to_s: float) -> None:
        """Show exactly this span."""
        self._whole = False
        span_s = max(SHORTEST_S, to_s - from_s)
        self._set(span_s, (from_s + to_s + span_s) / 2)

    def restore(self, span_s: float, end_s: float | None) -> None:
        """Show a span that was shown before; without an end it follows."""
        self._set(span_s, end_s)

    def centre(self, time_s: float) -> None:
        """Show this moment in the middle."""
        self._whole = False
        self._set(self.span_s, time_s + self.span_s / 2)

    def pan(self, by_s: float) -> None:
        """Move the span; a live view that arrives at now follows it again."""
        self._whole = False
        self._set(self.span_s, self.end_s + by_s)
        if self.live and by_s > 0 and self.end_s >= self.now_s:
            self.follow()

    def follow(self) -> None:
        """Go to now, or to the playhead, and stay there."""
        self._set(self.span_s, None)

    def hold(self) -> None:
        """Stay here while sound and analysis go on."""
        self._set(self.span_s, self.end_s)

    def toggle_hold(self) -> None:
        """Hold what is shown, or follow again."""
        if self.following:
            self.hold()
        else:
            self.follow()

    def _set(self, span_s: float, end_s: float | None) -> None:
        span_s = min(max(SHORTEST_S, span_s), self.longest_s)
        if end_s is not None:
            latest_s = self.now_s if self.live else self.length_s
            end_s = min(max(end_s, min(span_s, latest_s)), latest_s)
        if (span_s, end_s) != (self._bridge.span_s, self._bridge.end_s):
            self._bridge.span_s, self._bridge.end_s = span_s, end_s
            self.changed.emit()
