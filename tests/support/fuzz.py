"""Strangers' files by the thousand: sound, models, checkpoints, recipes and manifests, damaged by seed.

    python tests/support/fuzz.py
    python tests/support/fuzz.py --only sounds --cases 5000 --seed 7

Whatever the damage, a file is read, or refused with an error of `irec_live.errors` in one line. Each kind runs in a
process of its own: what crashes it, keeps it longer than a case may take, or takes more memory is a mistake, and is
told with the number by which ``--first N --cases 1`` makes that file again.
"""

from __future__ import annotations

import contextlib
import io
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from irec_live.errors import CheckpointError, DataError, IrecError, MediaError, ModelError, RecipeError

CASE_S = 40.0
"""A case may take so long; on a machine that others keep busy, too."""
CASE_MB = 700.0
"""A case may take so much memory beyond what its kind held before."""
LONGEST_SENTENCE = 1500

Random = np.random.Generator

RATE = 16_000


def mutated(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """A file with some damage: bytes changed, cut, doubled, moved, joined with another's."""
    out = bytearray(data)
    for _ in range(random.integers(1, 5)):
        # Headers decide most; half of the damage is done there.
        reach = max(1, len(out) if random.random() < 0.5 else min(len(out), 256))
        at = int(random.integers(reach))
        long = int(min(10 ** random.uniform(0.0, 4.0), max(1, len(out) // 2)))
        match int(random.integers(8)):
            case 0:
                out[at : at + 1] = random.bytes(1)
            case 1:
                out[at : at + 1] = bytes([(out[at] if out else 0) ^ 1 << int(random.integers(8))])
            case 2:
                width = int(random.choice([1, 2, 4, 8]))
                value = int(random.choice([0, 1, 127, 128, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1]))
                raw = (value % 256**width).to_bytes(width, "little" if random.random() < 0.5 else "big")
                out[at : at + width] = raw
            case 3:
                del out[at : at + long]
            case 4:
                out[at:at] = out[at : at + long]
            case 5:
                out[at:at] = random.bytes(long) if random.random() < 0.5 else bytes(long)
            case 6:
                del out[int(random.integers(len(out) + 1)) :]
            case 7:
                other = others[int(random.integers(len(others)))]
                begin = int(random.integers(len(other) + 1))
                out[at:] = other[begin:]
    return bytes(out)


_WORDS = (
    '"', "'", "[", "]", "{", "}", "=", ",", ".", "#", "\n", "\r", "\t", "\0", "\\", "\u2028", "é", "0", "-1", "1e999",
    "nan", "inf", "true", '""', "[]", "{}", "null", "99999999999999999999", "../../etc/passwd", "/dev/zero", "%s",
    "x" * 300, "1979-05-27",
)  # fmt: skip


def mutated_text(text: str, others: Sequence[str], random: Random) -> bytes:
    """A text with some damage: lines doubled, dropped, moved or put in from others, values exchanged, odd words."""
    lines = text.splitlines(keepends=True) or [""]
    for _ in range(random.integers(1, 5)):
        at = int(random.integers(len(lines)))
        word = str(random.choice(_WORDS))
        match int(random.integers(7)):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[int(random.integers(len(lines)))])
            case 2:
                place = int(random.integers(len(lines[at]) + 1))
                lines[at] = lines[at][:place] + word + lines[at][place:]
            case 3:
                head, sign, _ = lines[at].partition("=" if "=" in lines[at] else ",")
                lines[at] = f"{head}{sign} {word}\n"
            case 4:
                other = str(random.choice(others)).splitlines(keepends=True) or [""]
                lines.insert(at, other[int(random.integers(len(other)))])
            case 5:
                end = int(random.integers(len(lines[at]) + 1))
                lines[at] = lines[at][:end]
            case 6:
                lines[at] = lines[at].replace(word, "") if word in lines[at] else word + lines[at]
        lines = lines or [""]
    return "".join(lines).encode("utf-8", "surrogatepass")


@dataclass
class Kind:
    """A kind of file.

    Attributes
    ----------
    name : str
    folder : Path
        Where its files are written.
    error : type of IrecError
        The only one that may come.
    thorough : bool
        Also do what takes a process of its own for each file.
    """

    name: str
    folder: Path
    error: type[IrecError]
    thorough: bool = True
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        raise NotImplementedError

    def case(self, seed: int, number: int) -> tuple[str, bytes]:
        """Name and content of a file, by seed and number."""
        random = np.random.default_rng([seed, number, len(self.name)])
        names = sorted(self.files)
        name = names[int(random.integers(len(names)))]
        return name, self.damaged(self.files[name], random)

    def damaged(self, data: bytes, random: Random) -> bytes:
        """The file with damage."""
        return mutated(data, list(self.files.values()), random)

    def read(self, path: Path) -> None:
        """Do with the file what the programs do."""
        raise NotImplementedError

    def attempt(self, seed: int, number: int) -> tuple[bool, str]:
        """Whether a file was read, and what was wrong, in words."""
        name, data = self.case(seed, number)
        path = self.folder / name
        path.write_bytes(data)
        try:
            self.read(path)
        except self.error as error:
            sentence = str(error)
            told = sentence.replace(str(self.folder), "")
            fine = told and "\n" not in told and len(told) <= LONGEST_SENTENCE
            return False, "" if fine else f"{name}: the sentence is {sentence!r}"
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            return False, f"{name}: {type(error).__name__}: {error}\n{traceback.format_exc()}"
        return True, ""


class Sounds(Kind):
    """Sound and video files of all containers."""

    def __post_init__(self) -> None:
        import soundfile
        from odd_files import LENGTHS, encoded, with_length, write_video

        import tiny_models

        tone = tiny_models.tone("flute", 1.0, sample_rate=RATE)
        noise = 0.1 * np.random.default_rng(0).standard_normal(len(tone)).astype(np.float32)
        stereo = np.stack([tone, noise], axis=1)
        for form, (suffix, _) in LENGTHS.items():
            for subtype in ("PCM_16", "FLOAT"):
                path = self.folder / f"{form.lower()}-{subtype.lower()}{suffix}"
                soundfile.write(path, stereo, RATE, format=form, subtype=subtype)
                self.files[path.name] = path.read_bytes()
        path = with_length(self.folder / "wav-pcm_16.wav", "WAV", 0)
        self.files["unfinished.wav"] = path.read_bytes()
        for name in ("a.flac", "a.ogg", "a.mp3"):
            self.files[name] = encoded(self.folder, name, stereo, 48_000)
        odd = [
            *(
                ("WAV", "GSM610", 8000, "gsm.wav"),
                ("WAV", "IMA_ADPCM", RATE, "ima.wav"),
                ("WAV", "ALAW", 8000, "law.wav"),
            ),
            *(("AU", "G721_32", 8000, "g721.au"), ("XI", "DPCM_16", RATE, "a.xi"), ("OGG", "OPUS", 48_000, "opus.ogg")),
            ("CAF", "ALAC_16", RATE, "alac.caf"),
        ]
        for form, subtype, rate, name in odd:
            soundfile.write(self.folder / name, tone, rate, format=form, subtype=subtype)
            self.files[name] = (self.folder / name).read_bytes()
        for name, codec in (("a.mkv", "libopus"), ("a.mp4", "aac"), ("a.avi", "libmp3lame"), ("a.ts", "aac")):
            path = write_video(self.folder / name, [stereo], 48_000, codec=codec, starts_s=0.1, picture_s=0.5)
            self.files[name] = path.read_bytes()
        for one, other, name in (("a.flac", "a.flac", "joined.flac"), ("a.mp3", "a.mp3", "joined.mp3")):
            self.files[name] = self.files[one] + self.files[other]
        self.files["chain.ogg"] = self.files["a.ogg"] + self.files["opus.ogg"]
        self._model = tiny_models.envelope_model()
        self._count = 0

    def read(self, path: Path) -> None:
        from irec_live.media import open_audio

        with open_audio(path) as audio:
            frames = 0
            for block in audio.blocks(30_000):
                if not (block.ndim == 2 and block.dtype == np.float32 and np.isfinite(block).all()):
                    raise AssertionError(f"a block of {block.dtype} {block.shape}, not all of it finite")
                frames += len(block)
                if frames > 600 * 48_000:
                    break
            if not frames and not audio.warning:
                raise AssertionError("it was opened, and nothing is in it, without a word")
            audio.seek(frames // 2)
            audio.read(1000)
            for told in (*audio.warnings, audio.warning):
                if "\n" in told:
                    raise AssertionError(f"a warning of several lines: {told!r}")
        self._count += 1
        if self._count % 20 == 0 and frames < 60 * 48_000:
            self._analyze(path)

    def _analyze(self, path: Path) -> None:
        from irec_live.analysis import analyze
        from irec_live.models.detector import Detector

        found = analyze(path, models=[Detector(self._model)])
        json.loads(found.to_json())


class Models(Kind):
    """ONNX models of both kinds, and one with a state, damaged in their bytes or in what they say of themselves."""

    def __post_init__(self) -> None:
        import tiny_models

        self.files["activation.onnx"] = tiny_models.activation_model()
        self.files["envelope.onnx"] = tiny_models.envelope_model()
        self.files["stream.onnx"] = tiny_models.stream_model()

    def damaged(self, data: bytes, random: Random) -> bytes:
        if random.random() < 0.5:
            return super().damaged(data, random)
        return _with_other_words(data, random) if random.random() < 0.5 else _with_other_nodes(data, random)

    def read(self, path: Path) -> None:
        from irec_live.models.detector import load_model
        from irec_live.models.onnx_file import inspect_model, read_model_bytes
        from irec_live.models.spec import ModelSpec

        found = inspect_model(read_model_bytes(path), path.name)
        spec = ModelSpec.from_metadata(found.metadata, path.name)
        if self.thorough:
            detector = load_model(path)
            answer = detector(np.zeros((2, spec.window_length), np.float32))
            if not (np.isfinite(answer).all() and answer.shape[:2] == (2, len(spec.labels))):
                raise AssertionError(f"an answer of {answer.shape}, not all of it finite")
            _listen(detector)


def _listen(detector: Any) -> None:
    """Run a model over a stream of some windows, in blocks that fit none of them."""
    from irec_live.streaming.pipeline import Pipeline

    spec = detector.spec
    pipeline = Pipeline(spec.sample_rate, [detector], spectrogram=False)
    count = spec.window_length + min(20 * spec.hop_length, 2 * spec.window_length)
    for block in np.array_split(np.random.default_rng(0).uniform(-0.5, 0.5, count).astype(np.float32), 7):
        pipeline.push(block)
    pipeline.flush()
    rows = (pipeline.timeline.activations if spec.kind == "activation" else pipeline.timeline.envelopes)()[1]
    if not (len(rows) and np.isfinite(rows).all()):
        raise AssertionError(f"{len(rows)} rows of a stream, not all of them finite")


def _with_other_words(data: bytes, random: Random) -> bytes:
    import onnx

    model = onnx.load_from_string(data)
    props = {prop.key: prop.value for prop in model.metadata_props}
    key = sorted(props)[int(random.integers(len(props)))]
    text = props[key].replace(",", ",\n")
    props[key] = mutated_text(text, [text, '"hop_length": 0', '"labels": []'], random).decode("utf-8", "replace")
    onnx.helper.set_model_props(model, props)
    changed: bytes = model.SerializeToString()
    return changed


def _with_other_nodes(data: bytes, random: Random) -> bytes:
    """Nodes exchanged, their attributes and the constants changed: what stays a model, and is another one."""
    import onnx

    model = onnx.load_from_string(data)
    nodes = model.graph.node
    node = nodes[int(random.integers(len(nodes)))]
    kinds = (
        "Exp",
        "Tile",
        "Expand",
        "Range",
        "ConstantOfShape",
        "Loop",
        "If",
        "NonZero",
        "Einsum",
        "Pad",
        "Resize",
        "Xyz",
    )
    match int(random.integers(5)):
        case 0:
            node.op_type = str(random.choice(kinds))
        case 1:
            node.input[0] = str(random.choice([name for other in nodes for name in other.output]))
        case 2 if node.attribute:
            attribute = node.attribute[0]
            attribute.i = int(random.choice([-1, 0, 2**31 - 1, 2**62]))
            attribute.ints[:] = [int(random.choice([-1, 0, 1, 64, 2**31 - 1, 2**62])) for _ in attribute.ints]
        case 3:
            constant = model.graph.initializer[int(random.integers(len(model.graph.initializer)))]
            constant.raw_data = random.bytes(len(constant.raw_data))
        case _:
            port = (model.graph.input[0], model.graph.output[0])[int(random.integers(2))]
            shape = port.type.tensor_type.shape.dim
            shape[int(random.integers(len(shape)))].dim_value = int(random.choice([-1, 0, 1, 2, 3, 2**31, 2**62]))
    changed: bytes = model.SerializeToString()
    return changed


class Checkpoints(Kind):
    """Checkpoints of a small network."""

    def __post_init__(self) -> None:
        import small_nets
        import torch
        from network_fixtures import write_random

        from irec_models.nets import ARCHITECTURES

        torch.set_num_threads(1)
        ARCHITECTURES.update({net.architecture: net for net in small_nets.ALL})
        for architecture in ("small", "small-envelope"):
            path = write_random(self.folder, architecture)
            self.files[path.name] = path.read_bytes()

    def damaged(self, data: bytes, random: Random) -> bytes:
        return super().damaged(data, random) if random.random() < 0.6 else _with_other_parts(data, random)

    def read(self, path: Path) -> None:
        from irec_models.checkpoint import load_checkpoint

        load_checkpoint(path).network()


def _with_other_parts(data: bytes, random: Random) -> bytes:
    import torch

    content = torch.load(io.BytesIO(data), weights_only=True)
    place: Any = content
    key = _any_key(place, random)
    while isinstance(place[key], dict) and place[key] and random.random() < 0.7:
        place = place[key]
        key = _any_key(place, random)
    odd = [
        None,
        -1,
        0,
        2**40,
        "x" * 5000,
        "\n",
        [],
        {},
        {1: 2},
        torch.zeros(3),
        torch.zeros(0),
        float("nan"),
        [[[]]] * 50,
    ]
    if random.random() < 0.2:
        del place[key]
    else:
        place[key] = odd[int(random.integers(len(odd)))]
    out = io.BytesIO()
    torch.save(content, out)
    return out.getvalue()


def _any_key(place: dict[Any, Any], random: Random) -> Any:
    keys = sorted(place, key=str)
    return keys[int(random.integers(len(keys)))]


class Recipes(Kind):
    """Recipes of training."""

    def __post_init__(self) -> None:
        from irec_models.recipes.lookup import recipe_files

        self.files.update({path.name: path.read_bytes() for path in recipe_files().values()})

    def damaged(self, data: bytes, random: Random) -> bytes:
        return _damaged_text(self, data, random)

    def read(self, path: Path) -> None:
        from irec_models.recipes.recipe import load_recipe

        load_recipe(path).network()


class Manifests(Kind):
    """The list of a data folder."""

    def __post_init__(self) -> None:
        import tiny_bank

        tiny_bank.write_bank(self.folder)
        path = self.folder / "manifest.csv"
        self.files[path.name] = path.read_bytes()

    def damaged(self, data: bytes, random: Random) -> bytes:
        return _damaged_text(self, data, random)

    def read(self, path: Path) -> None:
        from irec_models.data import read_manifest

        read_manifest(path.parent)


def _damaged_text(kind: Kind, data: bytes, random: Random) -> bytes:
    if random.random() < 0.3:
        return mutated(data, list(kind.files.values()), random)
    return mutated_text(data.decode(), [other.decode() for other in kind.files.values()], random)


KINDS: dict[str, tuple[Callable[..., Kind], type[IrecError], int]] = {
    # and how many files of each `make fuzz` makes
    "sounds": (Sounds, MediaError, 5000),
    "models": (Models, ModelError, 500),
    "checkpoints": (Checkpoints, CheckpointError, 500),
    "recipes": (Recipes, RecipeError, 1000),
    "manifests": (Manifests, DataError, 1000),
}


def make_kind(name: str, folder: Path, *, thorough: bool = True) -> Kind:
    """A kind with its undamaged files."""
    make, error, _ = KINDS[name]
    return make(name, folder, error, thorough)


def _work(name: str, seed: int, first: int, last: int, folder: Path) -> None:
    """In a process of its own: a line before each case, and one behind it."""
    kind = make_kind(name, folder)
    for undamaged, data in kind.files.items():  # also loads what cases shall not pay for
        (folder / undamaged).write_bytes(data)
        kind.read(folder / undamaged)
    before = _peak_mb()
    for number in range(first, last):
        _tell({"case": number})
        read, mistake = kind.attempt(seed, number)
        grown = _peak_mb() - before
        if grown > CASE_MB:
            mistake += f"{grown:.0f} MB beyond what it held before"
            before += grown
        _tell({"case": number, "read": read, "mistake": mistake, "grown_mb": round(grown, 1)})


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _peak_mb() -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def run(name: str, cases: int, *, seed: int = 0, first: int = 0, case_s: float = CASE_S) -> dict[str, Any]:
    """Try a kind, and go on behind a case that ended its process.

    Returns
    -------
    dict
        ``cases``, ``read``, ``refused``, ``seconds``, ``grown_mb``, and ``mistakes``: their numbers and words.
    """
    began = time.monotonic()
    counted = {"cases": 0, "read": 0, "refused": 0}
    mistakes: list[str] = []
    grown, number, last, slowest = 0.0, first, first + cases, 0.0
    while number < last:
        with tempfile.TemporaryDirectory(prefix="irec-fuzz-") as folder:
            command = [sys.executable, __file__, "--work", folder, "--only", name, "--seed", str(seed)]
            command += ["--first", str(number), "--cases", str(last - number)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
                lines: queue.SimpleQueue[str] = queue.SimpleQueue()
                reader = threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True)
                reader.start()
                at, case_began, patience = number - 1, time.monotonic(), 4 * case_s  # to import and to prepare
                while True:
                    try:
                        line = lines.get(timeout=patience)
                    except queue.Empty:
                        mistakes.append(f"{name} {at}: not done after {patience:.0f} s")
                        process.kill()
                        break
                    if not line:
                        break
                    told = json.loads(line)
                    patience, at = case_s, told["case"]
                    if "read" not in told:
                        case_began = time.monotonic()
                        continue
                    slowest = max(slowest, time.monotonic() - case_began)
                    number = at + 1
                    counted["cases"] += 1
                    counted["read" if told["read"] else "refused"] += 1
                    grown = max(grown, told["grown_mb"])
                    if told["mistake"]:
                        mistakes.append(f"{name} {at}: {told['mistake']}")
                status = process.wait()
                if number < last:
                    if status > 0 or not mistakes or not mistakes[-1].startswith(f"{name} {at}:"):
                        mistakes.append(f"{name} {at}: its process ended with status {status}")
                    if at < number:
                        break  # it did not even begin
                    counted["cases"] += 1
                    number = at + 1
    return {
        **counted,
        "seconds": round(time.monotonic() - began, 1),
        "slowest_s": round(slowest, 2),
        "grown_mb": round(grown, 1),
        "mistakes": mistakes,
    }


def _pump(stream: Any, lines: queue.SimpleQueue[str]) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")


@click.command(help="Damaged files by the thousand: read, or refused in a sentence.")
@click.option("--only", type=click.Choice(list(KINDS)), multiple=True, help="Kinds to try; all by default.")
@click.option("--cases", type=click.IntRange(min=1), help="Files of each kind.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--first", type=click.IntRange(min=0), default=0, help="Number of the first file.")
@click.option("--work", type=click.Path(path_type=Path, file_okay=False), hidden=True)
def main(only: tuple[str, ...], cases: int | None, seed: int, first: int, work: Path | None) -> None:
    """See the module."""
    if work is not None:
        _work(only[0], seed, first, first + (cases or 1), work)
        return
    wrong = 0
    for name in only or KINDS:
        found = run(name, cases or KINDS[name][2], seed=seed, first=first)
        mistakes = found.pop("mistakes")
        click.echo(f"{name:12}" + "  ".join(f"{key} {value}" for key, value in found.items()))
        for mistake in mistakes:
            click.echo(f"  {mistake}")
        wrong += len(mistakes)
    click.echo(f"{wrong} mistakes")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
