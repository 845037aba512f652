"""``make translations``: collect the window's sentences into its .ts files (lupdate), and compile those (lrelease).

With the code of a language, one that is not there yet is begun: ``make translations ADD=fr``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import PySide6

from irec_live.formats import FORMATS
from irec_live.gui.language import ENGLISH, FOLDER
from irec_live.input_kind import InputKind
from irec_live.models.names import OWN, PUBLISHED, YOURS

GUI = FOLDER.parent
_ALIASES = "QT_TR_NOOP+=marked"


def titles() -> list[str]:
    """Words that the window shows of tables elsewhere: formats, inputs, and groups of models."""
    kinds = [text for kind in InputKind for text in (kind.offer, kind.described, kind.role)]
    return [*(form.title for form in FORMATS.values()), *kinds, OWN, YOURS, PUBLISHED]


def collect(code: str, target: Path) -> None:
    """Bring a .ts file up to date with the code; what is no longer there goes out of it.

    Locations are left out, and sentences sorted, so that the file changes only where sentences do.
    """
    options = ["-silent", "-no-obsolete", "-sort-messages", "-locations", "none", "-tr-function-alias", _ALIASES]
    # Sentences that resemble others are not theirs: a guess would be taken for a translation.
    options += ["-disable-heuristic", "similartext", "-source-language", "en", "-target-language", code]
    options += ["-pluralonly"] if code == ENGLISH else []
    sources = [str(path.relative_to(GUI)) for path in sorted(GUI.glob("*.py"))]
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "titles.py"  # lupdate reads nothing but calls, and the tables have none
        words.write_text("".join(f"marked({json.dumps(title, ensure_ascii=False)})\n" for title in titles()), "utf-8")
        _run("lupdate", *options, *sources, str(words), "-ts", str(target))


def compile_(source: Path, target: Path) -> None:
    """Make the .qm file of a .ts file."""
    _run("lrelease", "-silent", str(source), "-qm", str(target))


def left(source: Path) -> int:
    """How many sentences of a .ts file are not translated yet."""
    return sum(translation.get("type") == "unfinished" for translation in ET.parse(source).iter("translation"))


def refresh(codes: list[str]) -> None:
    """Bring the files of these languages up to date, and say what is left to do."""
    for code in codes:
        source = FOLDER / f"irec_{code}.ts"
        collect(code, source)
        compile_(source, source.with_suffix(".qm"))
        sys.stdout.write(f"{source.name}: {left(source)} left to translate\n")


def _run(tool: str, *arguments: str) -> None:
    suffix = ".exe" if sys.platform == "win32" else ""
    program = Path(PySide6.__file__).parent / f"{tool}{suffix}"
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run([str(program), *arguments], cwd=GUI, stdout=said, stderr=said, check=False)
        if done.returncode:
            said.seek(0)
            raise SystemExit(f"{tool} failed:\n{said.read()}")


if __name__ == "__main__":
    present = [path.stem.removeprefix("irec_") for path in sorted(FOLDER.glob("irec_*.ts"))]
    refresh(list(dict.fromkeys([*present, *sys.argv[1:]])))
