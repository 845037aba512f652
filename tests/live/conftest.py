"""Sound for the tests of the live rooms."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fake_portaudio import FakeSoundDevice
from virtual_sound import VirtualSound, missing_programs
from waiting import wait_until

import tiny_models
from irec_live.devices import portaudio

_IDLE = ("irec-infer", "irec-serve")
"""Threads of web applications that a test makes and does not run: they wait, and do nothing."""


@pytest.fixture(scope="module", autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a module's tests begin ends with them: it would take the time of later ones, or their devices."""
    yield
    if request.node.get_closest_marker("realtime") is None:

        def running() -> list[str]:
            return [name for one in threading.enumerate() if (name := one.name).startswith("irec-")]

        wait_until(lambda: all(name.startswith(_IDLE) for name in running()))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second and a half of each label."""
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    parts = [tiny_models.tone(label, 1.5, sample_rate=16_000) for label in tiny_models.LABELS]
    soundfile.write(path, np.concatenate(parts), 16_000)
    return path


@pytest.fixture(scope="session")
def own(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[Path]:
    """A user's own models, one of each kind."""
    return [tiny_activation_path, tiny_envelope_path]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def fake_portaudio(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeSoundDevice]:
    """Puts a `FakeSoundDevice` with the given devices in place of PortAudio."""
    monkeypatch.setattr(portaudio, "_open_streams", 0)

    def install(*devices: dict[str, Any], **defaults: int) -> FakeSoundDevice:
        fake = FakeSoundDevice(*devices, **defaults)
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        return fake

    return install


@pytest.fixture
def no_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which PortAudio is not installed."""

    class Finder:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])


@pytest.fixture(scope="session")
def _sound_server() -> Iterator[VirtualSound]:
    missing = missing_programs()
    if missing:
        pytest.skip(f"the virtual microphone needs {missing}")
    sound = VirtualSound()
    try:
        sound.start()
        yield sound
    finally:
        sound.close()


@pytest.fixture
def virtual_sound(_sound_server: VirtualSound, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualSound]:
    """A running sound server whose microphone hears what is played into it; this process sees no other."""
    for name, value in _sound_server.variables.items():
        monkeypatch.setenv(name, value)
    assert portaudio.refresh(), "a test before left a stream open"
    yield _sound_server
    monkeypatch.undo()
    assert portaudio.refresh(), "the test left a stream open"


@pytest.fixture
def serve() -> Iterator[Callable[[Any], Any]]:
    """Starts a web application, and ends it with the test: gives a client for it."""
    from starlette.testclient import TestClient

    with contextlib.ExitStack() as running:
        yield lambda app: running.enter_context(TestClient(app, base_url="http://localhost"))
