"""A headless Chromium with a microphone that hears a file, and the server in a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from waiting import PATIENCE_S

_PROGRAMS = (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))


def missing_browser() -> str:
    """What a browser test lacks here, as a reason to skip it; empty if nothing."""
    import importlib.util

    lacking = [names[0] for names in _PROGRAMS if not any(shutil.which(name) for name in names)]
    lacking += [] if importlib.util.find_spec("selenium") else ["selenium"]
    return f"the browser test needs {' and '.join(lacking)}" if lacking else ""


@contextlib.contextmanager
def browser(microphone: Path | None = None, *, size: tuple[int, int] = (1280, 900), dark: bool = True) -> Iterator[Any]:
    """A selenium driver.

    Parameters
    ----------
    microphone : Path, optional
        WAV file that the browser's microphone hears, over and over.
    size : (int, int)
        Of the window, in pixels.
    dark : bool
        What the system prefers.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(found for name in _PROGRAMS[0] if (found := shutil.which(name)))
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-background-networking",
        "--no-first-run",
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--window-size={size[0]},{size[1]}",
        *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []),
        *([f"--use-file-for-fake-audio-capture={microphone}"] if microphone is not None else []),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]},
        )
        yield driver
    finally:
        driver.quit()


@contextlib.contextmanager
def server(options: Sequence[str] = ()) -> Iterator[str]:
    """The address of ``irec-live serve`` in a process of its own."""
    command = [sys.executable, "-m", "irec_live", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        try:
            yield process.stderr.readline().split()[1]
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
