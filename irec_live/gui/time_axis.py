"""The time axis of lanes, spectrogram, ruler and overlay: pixels between the gutters <-> seconds. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """A time span over the width of a widget that has gutters.

    Attributes
    ----------
    start_s, end_s : float
        Seconds at the left and the right end of the plot.
    width : float
        Pixels of the widget, gutters included.

    Examples
    --------
    >>> axis = TimeAxis(10.0, 20.0, LEFT_GUTTER + 100 + RIGHT_GUTTER)
    >>> axis.x_at(12.5) - LEFT_GUTTER, axis.time_at(LEFT_GUTTER + 50), axis.holds(LEFT_GUTTER - 1)
    (25.0, 15.0, False)
    """

    start_s: float
    end_s: float
    width: float

    @property
    def plot_width(self) -> float:
        """Pixels between the gutters."""
        return max(1.0, self.width - LEFT_GUTTER - RIGHT_GUTTER)

    @property
    def span_s(self) -> float:
        """Seconds between the ends; never 0."""
        return max(1e-3, self.end_s - self.start_s)

    def x_at(self, time_s: float) -> float:
        """Pixel of a moment; it may lie outside of the plot."""
        return LEFT_GUTTER + self.plot_width * (time_s - self.start_s) / self.span_s

    def time_at(self, x: float) -> float:
        """Moment at a pixel, clipped to the span."""
        share = (x - LEFT_GUTTER) / self.plot_width
        return self.start_s + min(1.0, max(0.0, share)) * self.span_s

    def holds(self, x: float) -> bool:
        """Whether a pixel lies in the plot, not in a gutter."""
        return LEFT_GUTTER <= x <= LEFT_GUTTER + self.plot_width
