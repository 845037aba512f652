"""The licences of everything that is required or shipped, read from what is installed here.

    python tests/support/licences.py docs/licences.md

A licence that is neither permissive nor in the reviewed table below is an error, as is one that nobody can tell.

References
----------
SPDX, *License List* and *License Expressions*.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

PERMISSIVE = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "LLVM-exception", "MIT", "MIT-0",
    "MIT-CMU", "PSF-2.0", "Zlib",
})  # fmt: skip
"""Nothing is asked but to keep the notice."""

WORDS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "mit": "MIT",
    "mit license": "MIT",
    "python software foundation license": "PSF-2.0",
}
"""What older metadata says instead of an SPDX expression."""

REVIEWED = {
    "pyside6-essentials": (
        "LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only",
        "taken under the LGPL: Qt and its bindings are shared libraries of their own, which anybody may replace",
    ),
    "shiboken6": ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", "part of PySide6, taken under the LGPL like it"),
    "python-osc": ("Freely Distributable", "its author put it into the public domain, with the text of the Unlicense"),
    "soxr": ("LGPL-2.1-or-later", "libsoxr is in its extension module, which anybody may build anew and replace"),
    "certifi": ("MPL-2.0", "only `cluster`; a list of certificates, used as it is"),
    "tqdm": (
        "MPL-2.0 AND MIT",
        "only `distill`; used as it is, and what is changed in its own files would be published",
    ),
}
"""Not permissive, looked at, and fine as they are used: the expression that was looked at, and why."""

INSIDE = {
    "av": "FFmpeg, LGPL-3.0-or-later as it says itself, and what it was built with, as shared libraries of their own: "
    "in the wheels for Linux libx264 and libx265 too, GPL-2.0-or-later, encoders that irec-live never calls",
    "numpy": "OpenBLAS, BSD-3-Clause, and GCC's run-time libraries, GPL-3.0 with its exception, LGPL-2.1 (libquadmath)",
    "onnxruntime-gpu": "nothing of NVIDIA's, which only the extra `cuda` installs, under NVIDIA's own terms",
    "sounddevice": "PortAudio, MIT, in the wheels for macOS and Windows; on Linux it is the system's",
    "soundfile": "libsndfile, LGPL-2.1-or-later, with FLAC, Ogg, Vorbis, Opus (BSD) and LAME, mpg123 (LGPL) in it",
    "scipy": "OpenBLAS, BSD-3-Clause, and GCC's run-time libraries, as numpy",
}
"""What else lies in a wheel, under a licence that its metadata may not tell."""


class UnknownLicenceError(Exception):
    """A licence that is not permissive and was not looked at."""


@dataclass(frozen=True)
class Licence:
    """A distribution and its licence.

    Attributes
    ----------
    name : str
    version : str
    expression : str
        SPDX, or as near to it as the metadata comes.
    remark : str
        Why it is fine although not permissive, and what else its wheel holds.
    """

    name: str
    version: str
    expression: str
    remark: str = ""


def expression_of(distribution: importlib.metadata.Distribution) -> str:
    """The licence that metadata states: an SPDX expression, else short words, else its classifiers; or nothing."""
    metadata = distribution.metadata
    if stated := metadata.get("License-Expression"):
        return " ".join(stated.split())
    words = (metadata.get("License") or "").strip()
    if 0 < len(words) <= 80 and "\n" not in words:
        return WORDS.get(words.lower(), words)
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    told = [c.rpartition(" :: ")[2] for c in classifiers]
    return " AND ".join(sorted({WORDS.get(word.lower(), word) for word in told}))


def is_permissive(expression: str) -> bool:
    """Whether every way to read it, or one that may be chosen, is permissive.

    Examples
    --------
    >>> is_permissive("MIT AND (Apache-2.0 OR GPL-3.0-only)"), is_permissive("MIT AND GPL-3.0-only")
    (True, False)
    """
    tokens = re.findall(r"[()]|[\w.+-]+", expression)
    if not tokens:
        return False
    terms = {"AND": "and", "OR": "or", "WITH": "and", "(": "(", ")": ")"}
    # Only these words are left, so nothing of the metadata is run.
    formula = " ".join(terms.get(token, str(token in PERMISSIVE)) for token in tokens)
    return _value(formula.split())


def _value(tokens: list[str]) -> bool:
    """The value of True, False, and, or, and parentheses; False where they make no sense."""

    def either(at: int) -> tuple[bool, int]:
        value, at = both(at)
        while at < len(tokens) and tokens[at] == "or":
            other, at = both(at + 1)
            value = value or other
        return value, at

    def both(at: int) -> tuple[bool, int]:
        value, at = one(at)
        while at < len(tokens) and tokens[at] == "and":
            other, at = one(at + 1)
            value = value and other
        return value, at

    def one(at: int) -> tuple[bool, int]:
        if at < len(tokens) and tokens[at] == "(":
            value, at = either(at + 1)
            return value, at + 1
        return at < len(tokens) and tokens[at] == "True", at + 1

    value, at = either(0)
    return value and at == len(tokens)


def check(distribution: importlib.metadata.Distribution) -> Licence:
    """The licence of a distribution.

    Raises
    ------
    UnknownLicenceError
        It is not permissive, and was not looked at; or was, and is another one now.
    """
    name, expression = canonicalize_name(distribution.metadata["Name"]), expression_of(distribution)
    reviewed, why = REVIEWED.get(name, ("", ""))
    if not (reviewed and expression == reviewed) and not is_permissive(expression):
        seen = f"; it was {reviewed} when it was looked at" if reviewed else ""
        raise UnknownLicenceError(
            f"{name} {distribution.version} is under '{expression or 'nothing that it tells'}'{seen}: look at it, "
            "and write it into REVIEWED of tests/support/licences.py, or do without it"
        )
    holds = f"holds {INSIDE[name]}" if name in INSIDE else ""
    return Licence(name, distribution.version, expression, "; ".join(filter(None, (why, holds))))


def required(*extras: str) -> dict[str, importlib.metadata.Distribution]:
    """What the project needs to run on this machine, with `extras`, and what that needs, by name.

    What is not installed, since nobody asked for it here, is left out.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, importlib.metadata.Distribution] = {}

    def add(requirements: Sequence[str], wanted: Sequence[str]) -> None:
        for requirement in map(Requirement, requirements):
            name, marker = canonicalize_name(requirement.name), requirement.marker
            if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                continue
            # NVIDIA's own terms; of the extras only, and the page says so.
            if name in found or name == "irec-live" or name.startswith(("nvidia-", "cuda-")):
                continue
            try:
                found[name] = importlib.metadata.distribution(name)
            except importlib.metadata.PackageNotFoundError:
                continue
            add(found[name].requires or (), sorted(requirement.extras))

    add(project["dependencies"], ())
    for extra in extras:
        add(project["optional-dependencies"][extra], ())
    return dict(sorted(found.items()))


def shipped() -> Iterator[tuple[str, str]]:
    """Files in the wheel that are not code, and where their licence is told."""
    told = (ROOT / "assets" / "irec_assets" / "README.md").read_text(encoding="utf-8")
    rows = {cells[1].strip("` "): cells for line in told.splitlines() if len(cells := line.split("|")) > 5}
    for path in sorted((ROOT / "assets" / "irec_assets").glob("*/*")):
        if path.parent.name == "__pycache__":
            continue
        if path.name in rows:
            cells = rows[path.name]
            if hashlib.sha256(path.read_bytes()).hexdigest() not in cells[5]:
                raise UnknownLicenceError(f"{path.name} is another file than assets/irec_assets/README.md tells of")
            yield f"{path.parent.name}/{path.name}", re.split("[;,]", cells[4])[0].strip()
        elif path.suffix == ".svg":
            yield f"{path.parent.name}/{path.name}", "MIT, drawn for this project"
        else:
            raise UnknownLicenceError(f"nothing is told of the licence of {path.name}")


def page() -> str:
    """The whole list, as Markdown."""
    run_time = required()
    further = {
        name: found
        for name, found in required("web", "midi", "cluster", "train", "distill", "export").items()
        if name not in run_time
    }
    lines = [
        "# Licences",
        "",
        "The code of irec-live is under the [MIT licence](../LICENSE). This page is made by `make licences` from what",
        "is installed: a package tells of its licence itself, and a test refuses one that is neither permissive nor",
        "reviewed. Versions are those of `.ci/constraints.txt` on Linux on x86-64 with Python 3.11. Packages are",
        "installed from PyPI; none is in the wheel.",
    ]
    for title, found in (
        ("Needed to run", run_time),
        ("Needed by the extras `web`, `midi`, `cluster`, `train`, `distill` and `export`", further),
    ):
        lines += ["", f"## {title}", "", "| package | version | licence | remark |", "|---|---|---|---|"]
        rows = [check(distribution) for distribution in found.values()]
        lines += [f"| {row.name} | {row.version.partition('+')[0]} | {row.expression} | {row.remark} |" for row in rows]
    lines += [
        "",
        "The extra `cuda`, and PyTorch where it comes with CUDA, install libraries of NVIDIA's (`nvidia-*`, `cuda-*`),",
        "which are proprietary and come under NVIDIA's own terms.",
        "",
        "## In the wheel, beside the code",
        "",
        "Origin and hashes: [assets/irec_assets/README.md](../assets/irec_assets/README.md).",
        "",
        "| file | licence |",
        "|---|---|",
    ]
    drawn = "MIT, drawn for this project"
    lines += [f"| {name} | {licence} |" for name, licence in shipped() if licence != drawn]
    lines += [f"| icons/*.svg | {drawn} |"]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page to the file that is named, or say what keeps it from being written."""
    try:
        Path(arguments[0]).write_text(page(), encoding="utf-8")
    except UnknownLicenceError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
