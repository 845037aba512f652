"""The app gives up no sooner than its tests do: on a busy machine, what it waits for comes late, and is not lost."""

from __future__ import annotations

import sys

import pytest
from waiting import PATIENCE_S

LIMITS = (
    "irec_live.batch.local._END_S",
    "irec_live.devices.portaudio.ANSWER_S",
    "irec_live.gui.background.WRITE_S",
    "irec_live.gui.background._STOP_S",
    "irec_live.gui.library_control._LEAVE_S",
    "irec_live.gui.recording_control._CLOSE_S",
    "irec_live.gui.session_manager._STUCK_S",
    "irec_live.models.detector.LOAD_LIMIT_S",
    "irec_live.models.runtime.LOAD_LIMIT_S",
    "irec_live.outputs.live_output._STOP_S",
    "irec_live.player.speaker._JOIN_S",
    "irec_live.player.speaker._STALL_S",
    "irec_live.session.file._JOIN_S",
    "irec_live.session.saved._JOIN_S",
    "irec_live.source.level_probe._STOP_S",
    "irec_live.source.loopback._STALL_S",
    "irec_live.source.loopback._STOP_S",
    "irec_live.source.microphone._STALL_S",
    "irec_live.spool._WRITER_S",
    "irec_live.streaming.engine.STOP_TIMEOUT_S",
    "irec_live.streaming.history_file._JOIN_S",
    "irec_live.web.connections.WAIT_S",
    "irec_live.web.guard.BODY_GRACE_S",
    "irec_live.web.instrumentation._STOP_S",
)
"""How long devices, threads, other programs and clients are waited for."""


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Lengthen the limits of the modules that are loaded; a test about one of them sets it itself."""
    for limit in LIMITS:
        module, _, name = limit.rpartition(".")
        if module in sys.modules:
            patch.setattr(sys.modules[module], name, PATIENCE_S)
