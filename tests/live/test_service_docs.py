"""What docs/service.md tells people to type is answered."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import soundfile
from browser import server
from starlette.testclient import TestClient

from irec_live.web import guard, jobs, outbox, socket_source, stream, v1
from irec_live.web.app import create_app

DOCS = Path(__file__).parents[2] / "docs" / "service.md"
TEXT = DOCS.read_text(encoding="utf-8")
BASE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the bundled recording, with a flute that begins and ends."""
    path = tmp_path_factory.mktemp("docs") / "song.flac"
    with as_file(files("irec_assets") / "audio" / "demo.ogg") as demo:
        samples, rate = soundfile.read(demo)
    soundfile.write(path, samples[3 * rate : 9 * rate], rate)
    return path


def test_every_curl_of_the_page_is_answered(song: Path) -> None:
    lines = [line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S) for line in block.splitlines()]
    sent = [shlex.split(line)[1:] for line in lines if line.startswith("curl ")]
    assert len(sent) >= 8
    job = ""
    with TestClient(create_app(), base_url=BASE) as client:
        for words in sent:
            options: dict[str, Any] = {"headers": {}}
            method = "GET"
            while len(words) > 1:
                option, value, *words = words
                if option == "-F":
                    field, _, name = value.partition("=@")
                    options["files"], method = {field: (name, song.read_bytes())}, "POST"
                elif option == "-H":
                    options["headers"].update([value.split(": ")])
                else:
                    assert option == "-X"
                    method = value
            url = words[0].replace("JOB", job)
            while job and "/result" in url and client.get(f"/v1/jobs/{job}").json()["state"] == "running":
                threading.Event().wait(0.05)
            answer = client.request(method, url, **options)
            assert answer.is_success, (url, answer.text)
            if answer.status_code == 202:
                job = answer.json()["id"]
            if "text/csv" in options["headers"].values() or "format=csv" in url:
                assert answer.text.startswith("kind,time_s,")
    assert job


def test_the_python_of_the_page_runs(song: Path) -> None:
    (script,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)
    with server() as url:
        done = subprocess.run(
            [sys.executable, "-c", script.replace("ws://127.0.0.1:8000/", url.replace("http", "ws"))],
            cwd=song.parent, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "flute" in done.stdout


def test_every_path_of_the_interface_is_named() -> None:
    app = create_app()
    for path in app.openapi()["paths"]:
        named = path.replace("{job}", "JOB").replace("{sha256}", "SHA256")
        last = "/" + named.rpartition("/")[2]
        assert named == "/" or f"`{named}`" in TEXT or f" {named}`" in TEXT or last in TEXT, path


def test_limits_are_those_in_force() -> None:
    for number in (
        f"{v1.SYNC_MOST_S / 60:g}",
        str(guard.MOST_UPLOADS),
        str(jobs.MOST_RUNNING),
        str(jobs.MOST_KEPT),
        f"{jobs.KEPT_BYTES / 1e6:g} MB",
        f"{stream.MOST_STREAMS}; {stream.START_S:g} s",
        f"{stream.IDLE_S:g} s without sound",
    ):
        words = {"10": "ten minutes"}
        assert words.get(number, number) in TEXT, number
    assert (jobs.KEPT_S, outbox.PATIENCE_S, socket_source.BUFFER_S) == (3600.0, 5.0, 2.0)  # an hour; five, two seconds
