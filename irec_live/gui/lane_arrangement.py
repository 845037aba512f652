"""Lane arrangement: which instruments have a lane, in which order and how high. No widget here.

By itself the order stays as it is: lanes change places when the user moves them, or if `strongest` was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from irec_live.gui.language import marked
from irec_live.instruments import INSTRUMENTS

Sorting = Literal["own", "strongest", "family"]
Size = Literal["fit", "compact", "normal", "large"]

SORTINGS: dict[Sorting, str] = {
    "own": marked("As I put them"),
    "strongest": marked("Strongest first"),
    "family": marked("By family"),
}
SIZES: dict[Size, str] = {
    "fit": marked("Fit the window"),
    "compact": marked("Compact"),
    "normal": marked("Normal"),
    "large": marked("Large"),
}

LOWEST, TALLEST = 20.0, 132.0
"""Smallest and largest height of a lane in pixels: room for one line of text; enough to read a curve of 60 dB."""

_HEIGHTS: dict[Size, float] = {"compact": 22.0, "normal": 44.0, "large": 88.0}
_LEAST_FOCUSED, _FOCUSED = 76.0, 132.0
"""Least heights of the focused lane: room for its numbers, and where there is more, for its curves."""

_FAMILY_HEADING = 17.0
_OTHER = "other"
_FAMILIES = tuple(dict.fromkeys(instrument.family for instrument in INSTRUMENTS.values()))


def family(label: str) -> str:
    """Family of an instrument; `other` if the table does not have it.

    Examples
    --------
    >>> family("violin"), family("kazoo")
    ('strings', 'other')
    """
    known = INSTRUMENTS.get(label.lower())
    return _OTHER if known is None else known.family


@dataclass(frozen=True)
class LanePlaces:
    """Where lanes are on the canvas, in pixels from its top.

    Attributes
    ----------
    labels : tuple of str
        Those with a lane, from top to bottom.
    tops, heights : tuple of float
        Of each.
    headings : tuple of (str, float, float)
        Text, top and height of each heading of a family.
    height : float
        Of all together.
    """

    labels: tuple[str, ...] = ()
    tops: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    headings: tuple[tuple[str, float, float], ...] = ()
    height: float = 0.0


@dataclass
class LaneArrangement:
    """The user's choices about lanes, which are kept for labels that the models in use do not have, too.

    Attributes
    ----------
    sorting : {"own", "strongest", "family"}
    size : {"fit", "compact", "normal", "large"}
    order : tuple of str
        The user's own order; labels that are not in it follow in the models' order.
    hidden, pinned : tuple of str
        Labels without a lane, and those that stay above the others.
    focused : str or None
        Label whose lane is larger.
    """

    sorting: Sorting = "own"
    size: Size = "fit"
    order: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    focused: str | None = field(default=None)

    def visible(self, labels: Sequence[str], strongest: Sequence[str] = ()) -> tuple[str, ...]:
        """Labels with a lane, from top to bottom.

        Parameters
        ----------
        labels : sequence of str
            All, in the models' order.
        strongest : sequence of str
            All, the most active first; used if that is the sorting.

        Examples
        --------
        >>> arrangement = LaneArrangement(order=("voice",), hidden=("bass",), pinned=("oboe",))
        >>> arrangement.visible(["bass", "oboe", "flute", "voice"])
        ('oboe', 'voice', 'flute')
        """
        if self.sorting == "strongest" and len(strongest) == len(labels):
            sorted_labels = list(strongest)
        else:
            places = {label: place for place, label in enumerate(self.order)}
            sorted_labels = sorted(labels, key=lambda label: places.get(label, len(places)))  # a stable sort
            if self.sorting == "family":
                families = (*_FAMILIES, _OTHER)
                sorted_labels.sort(key=lambda label: families.index(family(label)))
        sorted_labels.sort(key=lambda label: label not in self.pinned)
        return tuple(label for label in sorted_labels if label not in self.hidden)

    def hidden_among(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Labels of the models in use that have no lane."""
        return tuple(label for label in labels if label in self.hidden)

    def hide(self, label: str) -> None:
        """Take a lane away."""
        self.hidden = (*(name for name in self.hidden if name != label), label)
        if self.focused == label:
            self.focused = None

    def show(self, label: str | None = None) -> None:
        """Bring a hidden lane back, or all."""
        self.hidden = () if label is None else tuple(name for name in self.hidden if name != label)

    def toggle_pin(self, label: str) -> None:
        """Keep a lane above the others, or no longer."""
        if label in self.pinned:
            self.pinned = tuple(name for name in self.pinned if name != label)
        else:
            self.pinned = (*self.pinned, label)

    def toggle_focus(self, label: str) -> None:
        """Make a lane larger, or as the others again."""
        self.focused = None if self.focused == label else label

    def move(self, label: str, by: int, shown: Sequence[str], labels: Sequence[str]) -> None:
        """Move a lane among those that are shown; from then on the order is the user's own.

        Parameters
        ----------
        label : str
        by : int
            Places down, negative for up; no further than pinned lanes, or others, reach.
        shown, labels : sequence of str
            Lanes from top to bottom, and all labels.
        """
        if label not in shown or not by:
            return
        peers = [name for name in shown if (name in self.pinned) == (label in self.pinned)]
        place = peers.index(label)
        goal = min(max(0, place + by), len(peers) - 1)
        peers.insert(goal, peers.pop(place))
        pinned_first = [name for name in shown if name in self.pinned]
        rest = [name for name in shown if name not in self.pinned]
        lanes = [*peers, *rest] if label in self.pinned else [*pinned_first, *peers]
        unseen = [name for name in (*self.order, *labels) if name not in lanes]
        self.order = tuple(dict.fromkeys((*lanes, *unseen)))
        self.sorting = "own"

    def places(self, shown: Sequence[str], room: float) -> LanePlaces:
        """Where the lanes are, one below the other.

        Parameters
        ----------
        shown : sequence of str
            From top to bottom.
        room : float
            Height in pixels that there is; lanes fill it if their size is `fit`, and are never lower than 20 pixels.
        """
        titles = self._headings(shown)
        enlarged = min(_FOCUSED, max(_LEAST_FOCUSED, 0.5 * room))
        others = len(shown) - (self.focused in shown)
        spare = room - _FAMILY_HEADING * len(titles)
        if self.focused in shown:
            spare -= enlarged
        usual = _HEIGHTS.get(self.size, min(TALLEST, max(LOWEST, spare / max(1, others))))
        tops, heights, headings, top = [], [], [], 0.0
        for label in shown:
            if label in titles:
                headings.append((titles[label], top, _FAMILY_HEADING))
                top += _FAMILY_HEADING
            height = max(enlarged, 1.5 * usual) if label == self.focused else usual
            tops.append(top)
            heights.append(height)
            top += height
        return LanePlaces(tuple(shown), tuple(tops), tuple(heights), tuple(headings), top)

    def _headings(self, shown: Sequence[str]) -> dict[str, str]:
        """By the label that begins a family, the title of the family."""
        if self.sorting != "family":
            return {}
        titles: dict[str, str] = {}
        former = None
        for label in shown:
            title = "pinned" if label in self.pinned else family(label)
            if title != former:
                titles[label] = title
            former = title
        return titles
