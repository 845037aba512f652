"""The live session that was left last, kept so that nobody loses an hour to one wrong key or a file dropped by mistake.

Of a live input nothing is on the disk unless it is recorded: with its session, all that was seen of it would be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from irec_live.gui.session_opener import Setup, release

LEAST_S = 10.0
"""A session in which less was heard is not kept: somebody tries one device after another."""


class KeptSession:
    """Keeps one session that was left, until another one is. GUI thread only.

    Parameters
    ----------
    run : callable
        Does something that blocks on another thread, one after another.
    """

    def __init__(self, run: Callable[[Callable[[], object]], object]) -> None:
        self._run = run
        self._setup: Setup | None = None

    @property
    def setup(self) -> Setup | None:
        """The session that is kept, if there is one."""
        return self._setup

    def leave(self, setup: Setup) -> bool:
        """Release the device of a session that another one replaces, and keep it if that is worth it, else close it.

        Returns
        -------
        bool
            Whether it is kept.
        """
        from irec_live.session import StoppableSession

        session = setup.session
        if not isinstance(session, StoppableSession) or session.time_s < LEAST_S:
            self._run(session.close)
            return False
        self.close()
        self._setup = replace(setup, over=True)
        self._run(lambda: release(session))
        return True

    def take(self) -> Setup | None:
        """The session that is kept, which its taker has to close or to leave."""
        setup, self._setup = self._setup, None
        return setup

    def close(self) -> None:
        """Close what is kept."""
        setup = self.take()
        if setup is not None:
            self._run(setup.session.close)
