"""Input control: channels and gain of a live input, and a warning when it clips; remembered for each device."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from irec_live.gui import settings_schema as schema
from irec_live.gui.bridge import Bridge
from irec_live.gui.gain_action import GainAction, gain_text
from irec_live.gui.language import tr
from irec_live.gui.level_meter import LevelMeter
from irec_live.gui.menu_entries import entry
from irec_live.gui.message_bar import MessageBar
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.session_manager import SessionManager
from irec_live.gui.wording import list_text
from irec_live.results import Snapshot
from irec_live.streaming.input_shape import HIGHEST_GAIN_DB, LOWEST_GAIN_DB, InputShape

if TYPE_CHECKING:
    from irec_live.session import LiveSession, Session

_CLIPPED_DB = -0.05
"""Peak from which on a converter, or what comes after the gain, is at its end."""
_TELL_S = 4.0
"""How long clipping stays told."""
_MOST_PAIRS = 12


class InputControl(QObject):
    """A menu of channels and gain that the level of a live input opens.

    Parameters
    ----------
    manager : SessionManager
        Tells which session runs.
    bridge : Bridge
        Has its pictures.
    preferences : Preferences
    messages : MessageBar
    meter : LevelMeter
    """

    def __init__(
        self, manager: SessionManager, bridge: Bridge, preferences: Preferences, messages: MessageBar, meter: LevelMeter
    ) -> None:
        super().__init__(meter)
        self._meter = meter
        self._preferences, self._messages = preferences, messages
        self._session: LiveSession | None = None
        self._key = ""
        self._clipped_s = 0.0
        self.shape = InputShape()
        self.menu = QMenu(meter)
        self.menu.aboutToShow.connect(self._fill)
        manager.opened.connect(lambda setup: self.attach(setup.session, setup.request))
        manager.closed.connect(self.detach)
        bridge.snapshot_ready.connect(self.show_snapshot)

    def attach(self, session: Session, request: SourceRequest) -> None:
        """Give a live session the channels and gain that its device had last."""
        live = session.kind == "live" and hasattr(session, "input_shape")
        self._session = cast("LiveSession", session) if live else None
        self._key = f"{request.kind}|{request.device or ''}|{request.hostapi or ''}"
        self._messages.clear("clipping")
        self._clipped_s = 0.0
        if self._session is not None:
            held = self._preferences.get(schema.INPUT_SHAPES)
            self.shape = self._session.input_shape = restored_shape(held.get(self._key))
        self._show()

    def detach(self) -> None:
        """Nothing is open."""
        self._session = None
        self._show()

    def set_channels(self, channels: tuple[int, ...]) -> None:
        """Hear these channels, from 1 on; all if there are none."""
        self._set(InputShape(channels, self.shape.gain_db))

    def set_gain(self, gain_db: float) -> None:
        """Amplify what is heard."""
        bounded = min(HIGHEST_GAIN_DB, max(LOWEST_GAIN_DB, gain_db))
        self._set(InputShape(self.shape.channels, bounded))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Tell when the input clips."""
        if self._session is None:
            return
        now_s = time.monotonic()
        if snapshot.peak_db >= _CLIPPED_DB and snapshot.state == "running":
            self._clipped_s = now_s
            if self.shape.gain_db > 0:
                text = tr("The input is too loud and clips: turn the gain down")
            else:
                text = tr("The input is too loud and clips: turn the input down in the system's mixer")
            self._messages.say("clipping", text, "warning")
        elif self._clipped_s and now_s - self._clipped_s > _TELL_S:
            self._clipped_s = 0.0
            self._messages.clear("clipping")

    def _set(self, shape: InputShape) -> None:
        self.shape = shape
        if self._session is None:
            return
        self._session.input_shape = shape
        held = self._preferences.get(schema.INPUT_SHAPES)
        stored = {"channels": list(shape.channels), "gain_db": shape.gain_db}
        kept = {key: value for key, value in held.items() if key != self._key}
        self._preferences.put(schema.INPUT_SHAPES, kept | ({self._key: stored} if shape != InputShape() else {}))
        self._show()

    def _show(self) -> None:
        if self._session is None:
            self._meter.set_menu(None)
            return
        channels = "+".join(map(str, self.shape.channels))
        parts = (
            tr("Ch {channels}", channels=channels) if channels else "",
            gain_text(self.shape.gain_db) if self.shape.gain_db else "",
        )
        meaning = tr(
            "{channels}, gain {gain}",
            channels=channels_text(self.shape.channels),
            gain=gain_text(self.shape.gain_db),
        )
        self._meter.set_menu(self.menu, " · ".join(filter(None, parts)), meaning)

    def _fill(self) -> None:
        self.menu.clear()
        if self._session is None:
            return
        self.menu.addAction(tr("Channels")).setEnabled(False)
        for channels in channel_choices(self._session.channels):
            chosen = channels == self.shape.channels
            entry(self.menu, channels_text(channels), partial(self.set_channels, channels), checked=chosen)
        self.menu.addSeparator()
        self.menu.addAction(tr("Gain")).setEnabled(False)
        self.menu.addAction(GainAction(self.menu, self.shape.gain_db, self.set_gain))
        entry(self.menu, tr("No gain"), lambda: self.set_gain(0.0))


def channel_choices(channels: int) -> list[tuple[int, ...]]:
    """What can be heard of so many channels: all, each pair, each one.

    Examples
    --------
    >>> channel_choices(2), channel_choices(1)
    ([(), (1,), (2,)], [()])
    >>> channel_choices(4)
    [(), (1, 2), (3, 4), (1,), (2,), (3,), (4,)]
    """
    if channels < 2:
        return [()]
    pairs = [(first, first + 1) for first in range(1, channels, 2)] if channels > 2 else []
    return [(), *pairs[:_MOST_PAIRS], *((channel,) for channel in range(1, channels + 1))]


def channels_text(channels: tuple[int, ...]) -> str:
    """Channels in words.

    Examples
    --------
    >>> channels_text(()), channels_text((2,)), channels_text((3, 4))
    ('Mix of all channels', 'Channel 2', 'Channels 3 and 4')
    """
    if not channels:
        return tr("Mix of all channels")
    numbers = [str(channel) for channel in channels]
    if len(channels) == 1:
        return tr("Channel {number}", number=numbers[0])
    return tr("Channels {numbers}", numbers=list_text(numbers))


def restored_shape(held: object) -> InputShape:
    """The input shape of what the settings hold; the plain one if that is not usable.

    Examples
    --------
    >>> restored_shape({"channels": [2], "gain_db": 6}), restored_shape({"gain_db": "loud"})
    (InputShape(channels=(2,), gain_db=6.0), InputShape(channels=(), gain_db=0.0))
    """
    if not isinstance(held, dict):
        return InputShape()
    try:
        return InputShape(tuple(int(channel) for channel in held.get("channels", ())), float(held.get("gain_db", 0.0)))
    except (TypeError, ValueError):
        return InputShape()
