"""The server under load, and under attack, while others use it; a bounded client on this machine alone.

    python tests/benchmarks/service_load.py [--seconds 20] [--hostile 200] [--half-open 1200]

A server of its own (``irec-live serve``) with a folder of temporary files of its own is started, and then, in turn:

``throughput``   as many clients as processors send a clip of ten seconds again and again
``beside_long``  short clips one after the other, alone and while four long files are analysed as jobs
``hostile``      uploads that are corrupt, hours long when decoded, slow, of the wrong kind, with names that lead
                 elsewhere, with two lengths, chunked, cut off, or no HTTP at all, and half-sent headers, all at once;
                 meanwhile another user asks for the models and sends a clip of a second, over and over

Printed as JSON: rates, the 50th and 99th percentile and the maximum of the waits in seconds, memory in MB, and what was
left on disk. Times mean little on a machine that does other things too; ratios within one run do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 44_100
LONG_S = 600.0
HOURS_S = 7200.0
_CRLF = b"\r\n"
_UPGRADE = (
    b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def clip(seconds: float, form: str = "FLAC") -> bytes:
    """So much of the bundled recording, over and over."""
    with as_file(files("irec_assets") / "audio" / "demo.ogg") as path:
        samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    wanted = round(seconds * RATE)
    repeated = np.tile(samples, 1 + wanted // len(samples))[:wanted]
    file = io.BytesIO()
    soundfile.write(file, repeated, RATE, format=form, subtype="PCM_16")
    return file.getvalue()


def silence(seconds: float) -> bytes:
    """Hours in some hundred kilobytes."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8000, 1, format="FLAC") as sound:
        for _ in range(round(seconds / 60)):
            sound.write(np.zeros(8000 * 60, np.int16))
    return file.getvalue()


def form_of(content: bytes, name: bytes = b"clip.flac", field: bytes = b"file") -> bytes:
    """A body of multipart/form-data."""
    head = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n' % (field, name)
    return head + content + b"\r\n--x--\r\n"


def request(path: str, body: bytes, *headers: bytes, length: int | None = -1) -> bytes:
    """An upload as bytes; without Content-Length for None."""
    lines = [b"POST %s HTTP/1.1" % path.encode(), b"Host: localhost", b"Connection: close", *headers]
    if not any(line.lower().startswith(b"content-type") for line in headers):
        lines.append(b"Content-Type: multipart/form-data; boundary=x")
    if length is not None:
        lines.append(b"Content-Length: %d" % (len(body) if length == -1 else length))
    return _CRLF.join(lines) + 2 * _CRLF + body


class Client:
    """Asks one server, over one connection a request."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def send(self, data: bytes, *, patience_s: float = 120.0) -> bytes:
        """All that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(patience_s):
                writer.write(data)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                with contextlib.suppress(ConnectionError):
                    return await reader.read()
                return b""
        finally:
            writer.close()

    async def get(self, path: str) -> bytes:
        """A GET."""
        return await self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    async def drip(self, data: bytes, pause_s: float) -> bytes:
        """Send byte by byte until it is given up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            reading = asyncio.create_task(reader.read())
            for byte in data:
                if reading.done() or writer.is_closing():
                    break
                writer.write(bytes([byte]))
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                await asyncio.wait([reading], timeout=pause_s)
            with contextlib.suppress(ConnectionError):
                return await asyncio.wait_for(reading, 60)
            return b""
        finally:
            writer.close()


def status(answer: bytes) -> int:
    """The status of an answer; 0 if there was none."""
    parts = answer[:20].split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def hostile(client: Client, number: int, lots: bytes, good: bytes) -> tuple[str, Awaitable[bytes]]:
    """The hostile upload of this number: its kind, and what sends it."""
    chance = random.Random(number)
    path = chance.choice(["/api/analyze", "/v1/analyze", "/v1/jobs"])

    def mutated() -> bytes:
        data = bytearray(good)
        for _ in range(chance.randint(1, 40)):
            data[chance.randrange(min(len(data), 4000))] = chance.randrange(256)
        return bytes(data)

    names = [
        b"../../../etc/passwd",
        b"C:\\windows\\system32\\a.wav",
        b"a\\0b.flac",
        b"\xff" * 3000,
        b"..",
        b"CON",
        b"-rf",
    ]
    wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0" + b"\0\x04" + (768_000).to_bytes(4, "little") + bytes(200)
    chunks = b"".join(b"400\r\n" + bytes(1024) + _CRLF for _ in range(50)) + b"0\r\n\r\n"
    two = b"Transfer-Encoding: chunked"
    kinds: list[tuple[str, Callable[[], Awaitable[bytes]]]] = [
        ("corrupt", lambda: client.send(request(path, form_of(mutated())))),
        ("noise", lambda: client.send(request(path, form_of(chance.randbytes(20_000), b"a.flac")))),
        ("cut short", lambda: client.send(request(path, form_of(good[: len(good) // 3])))),
        ("hours", lambda: client.send(request(path, form_of(lots)))),
        ("1024 channels", lambda: client.send(request(path, form_of(wav, b"a.wav")))),
        ("name", lambda: client.send(request(path, form_of(b"x", chance.choice(names))))),
        ("wrong type", lambda: client.send(request(path, b'{"file": 1}', b"Content-Type: application/json"))),
        ("wrong field", lambda: client.send(request(path, form_of(good, field=b"sound")))),
        ("many parts", lambda: client.send(request(path, form_of(b"x")[:-7] * 500))),
        ("two lengths", lambda: client.send(request(path, chunks, two))),
        ("chunked", lambda: client.send(request(path, chunks, two, length=None))),
        ("length of 10 TB", lambda: client.send(request(path, b"x", length=10**13))),
        ("more than it says", lambda: client.send(request(path, form_of(good), length=500))),
        ("less than it says", lambda: client.drip(request(path, form_of(good)[:60], length=5000), 0.2)),
        ("slow", lambda: client.drip(request(path, form_of(good[:300])), 0.15)),
        ("no HTTP", lambda: client.send(chance.randbytes(3000))),
        ("long header", lambda: client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 300_000 + 2 * _CRLF)),
        ("bad model", lambda: client.send(request(path + "?model=/etc/passwd&model=../x", form_of(good)))),
        ("other site", lambda: client.send(request(path, form_of(good), b"Origin: https://evil.example"))),
        ("stream", lambda: client.send(_UPGRADE + chance.randbytes(500))),
    ]  # fmt: skip
    kind, send = kinds[number % len(kinds)]
    return kind, send()


class Server:
    """A server in a process of its own."""

    def __init__(self, folder: Path, options: Sequence[str] = (), program: Sequence[str] = ("-m", "irec_live")) -> None:
        self.folder = folder
        command = [sys.executable, *program, "serve", "--port", "0", "--no-library", *options]
        environment = {**os.environ, "TMPDIR": str(folder)}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        assert self.process.stderr is not None
        self.port = int(self.process.stderr.readline().split()[1].rstrip("/").rpartition(":")[2])

    def memory_mb(self, what: str) -> float:
        """``VmRSS`` now, or ``VmHWM``, the most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return round(int(text.partition(what + ":")[2].split()[0]) / 1024, 1)

    def left(self) -> list[str]:
        """Names of what lies in the folder of temporary files."""
        return sorted(path.name for path in self.folder.iterdir())

    def end(self) -> tuple[int, str]:
        """The exit status, and what was written to standard error."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stderr is not None
        written = self.process.stderr.read()
        return self.process.wait(30), written


def waits(seconds: list[float]) -> dict[str, float]:
    """Percentiles."""
    if not seconds:
        return {}
    p50, p99, most = np.percentile(seconds, [50, 99, 100]).round(3).tolist()
    return {"count": len(seconds), "p50_s": p50, "p99_s": p99, "max_s": most}


async def timed(seconds: list[float], work: Awaitable[bytes]) -> bytes:
    """Note how long something takes."""
    began = time.perf_counter()
    answer = await work
    seconds.append(time.perf_counter() - began)
    return answer


async def throughput(client: Client, server: Server, seconds: float) -> dict[str, Any]:
    """Clients that send a clip of ten seconds again and again."""
    upload = request("/v1/analyze", form_of(clip(10.0)))
    found: list[float] = []
    until = time.perf_counter() + seconds

    async def user() -> None:
        while time.perf_counter() < until:
            assert status(await timed(found, client.send(upload))) == 200

    began = time.perf_counter()
    users = os.cpu_count() or 1
    await asyncio.gather(*(user() for _ in range(users)))
    rate = 10.0 * len(found) / (time.perf_counter() - began)
    return {"clients": users, **waits(found), "times_real_time": round(rate, 1), "rss_mb": server.memory_mb("VmRSS")}


async def beside_long(client: Client, server: Server, seconds: float) -> dict[str, Any]:
    """Short clips alone, and beside four long files."""
    short, long = request("/v1/analyze", form_of(clip(2.0))), request("/v1/jobs", form_of(clip(LONG_S)))
    found: dict[str, list[float]] = {"alone": [], "beside four long files": []}
    for case, times in found.items():
        jobs = (
            [json.loads((await client.send(long)).partition(2 * _CRLF)[2]) for _ in range(4)] if len(case) > 5 else []
        )
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            assert status(await timed(times, client.send(short))) == 200
        running = 0
        for job in jobs:
            state = json.loads((await client.get(f"/v1/jobs/{job['id']}")).partition(2 * _CRLF)[2])
            running += state["state"] == "running"
            delete = f"DELETE /v1/jobs/{job['id']} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            await client.send(delete.encode())
    return {
        **{case: waits(times) for case, times in found.items()},
        "long_files_still_running": running,
        "rss_mb": server.memory_mb("VmRSS"),
    }


@contextlib.asynccontextmanager
async def half_open(client: Client, count: int) -> AsyncIterator[None]:
    """Connections whose headers never come whole; those that the server closes are opened again, once."""
    opened = []
    for _ in range(count):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(b"POST /v1/analyze HTTP/1.1\r\nHost: local")
            opened.append(writer)
        if len(opened) % 50 == 0:
            await asyncio.sleep(0)
    try:
        yield
    finally:
        for writer in opened:
            writer.close()


def other_user(port: int, over: Any, told: Any) -> None:
    """Ask for the models and send a clip of a second, over and over."""

    async def use() -> None:
        client, upload = Client(port), request("/v1/analyze", form_of(clip(1.0)))
        lists: list[float] = []
        clips: list[float] = []
        statuses: Counter[str] = Counter()
        while not over.is_set():
            statuses[str(status(await timed(lists, client.get("/v1/models"))))] += 1
            statuses[str(status(await timed(clips, client.send(upload))))] += 1
            await asyncio.sleep(0.2)
        told.put({"statuses": dict(statuses), "lists": waits(lists), "clips_of_1_s": waits(clips)})

    asyncio.run(use())


async def attack(client: Client, server: Server, count: int, connections: int) -> dict[str, Any]:
    """Everything hostile at once, while another user goes on."""
    lots, good = silence(HOURS_S), clip(3.0)
    answers: Counter[str] = Counter()

    async def one(number: int, room: asyncio.Semaphore) -> None:
        async with room:
            kind, sending = hostile(client, number, lots, good)
            try:
                answers[f"{kind}: {status(await sending)}"] += 1
            except (OSError, TimeoutError) as error:
                answers[f"{kind}: {type(error).__name__}"] += 1

    # In a process of its own, so that it does not wait for this one.
    over, told = multiprocessing.Event(), multiprocessing.SimpleQueue()
    user = multiprocessing.Process(target=other_user, args=(client.port, over, told))
    user.start()
    began = time.perf_counter()
    async with half_open(client, connections):
        room = asyncio.Semaphore(40)
        await asyncio.gather(*(one(number, room) for number in range(count)))
    took = time.perf_counter() - began
    over.set()
    others = await asyncio.to_thread(told.get)
    user.join()
    await settled(client)
    return {
        "hostile_uploads": count,
        "half_open_connections": connections,
        "took_s": round(took, 1),
        "answers": dict(sorted(answers.items())),
        "others": others,
        "peak_mb": server.memory_mb("VmHWM"),
        "rss_mb": server.memory_mb("VmRSS"),
        "left_on_disk": server.left(),
    }


async def settled(client: Client) -> None:
    """Wait until no job runs, at most a minute."""
    for _ in range(120):
        text = (await client.get("/metrics")).decode()
        if 'irec_jobs{state="running"} 0.0' in text and "irec_waiting_batches 0.0" in text:
            return
        await asyncio.sleep(0.5)


@contextlib.contextmanager
def running(*options: str, program: Sequence[str] = ("-m", "irec_live")) -> Iterator[Server]:
    """A server, and its folder."""
    with tempfile.TemporaryDirectory(prefix="service-load-") as folder:
        server = Server(Path(folder), options, program)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()


async def measure(server: Server, seconds: float, count: int, connections: int) -> dict[str, Any]:
    """All three."""
    client = Client(server.port)
    return {
        "at_start": {"rss_mb": server.memory_mb("VmRSS")},
        "throughput": await throughput(client, server, seconds),
        "beside_long": await beside_long(client, server, seconds),
        "hostile": await attack(client, server, count, connections),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of throughput, and of short clips in either case")
    parser.add_argument("--hostile", type=int, default=200, help="uploads")
    parser.add_argument("--half-open", type=int, default=1200, help="connections")
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    with running() as server:
        found = asyncio.run(measure(server, arguments.seconds, arguments.hostile, arguments.half_open))
        code, written = server.end()
        found["end"] = {"exit_status": code, "standard_error": written[-2000:], "left_on_disk": server.left()}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
