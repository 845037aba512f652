"""Fixtures that every room's tests may use."""

from __future__ import annotations

import gc
import signal
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from patience import be_patient

import tiny_models


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without the garbage collector: what is imported stays, and there is a lot to look through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """Tell what a program said that a test ran and that failed, or did not end in time."""
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, subprocess.CalledProcessError | subprocess.TimeoutExpired):
        for said in filter(None, (error.stdout, error.stderr)):
            error.add_note(said.decode(errors="replace") if isinstance(said, bytes) else said)


@pytest.fixture(scope="session", autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder that settings, caches and the user's own models are read from and written to, here and in subprocesses.

    Windows speak English, whatever the desktop does.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            patch.setenv(variable, str(home / variable.removeprefix("XDG_").removesuffix("_HOME").lower()))
        patch.setenv("QT_QPA_PLATFORM", "offscreen")
        for variable, language in (("LC_ALL", "C.UTF-8"), ("LANGUAGE", "en")):
            patch.setenv(variable, language)
        yield home


@pytest.fixture(scope="module", autouse=True)
def patience(request: pytest.FixtureRequest) -> Iterator[None]:
    """The app gives nothing up that is only late; where real devices come and go, it must see that in time."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("realtime") is None:
            be_patient(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """Programs that tests start hear Ctrl-C, although a shell that puts us into the background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_activation_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``.onnx`` file of the activation model of `tiny_models`: 8 kHz, 1 s windows, K = 3."""
    return tiny_models.write_activation_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_envelope_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``.onnx`` file of the envelope model of `tiny_models`: 8 kHz, 16 frames, K = 3."""
    return tiny_models.write_envelope_model(tmp_path_factory.mktemp("tiny"))
