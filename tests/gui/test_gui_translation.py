"""Every sentence of the window can be translated, and is: into German, whole, with the same names and numbers in it."""

from __future__ import annotations

import ast
import re
import shutil
import string
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import translations

import irec_live
from irec_live.gui.language import ENGLISH, FOLDER, codes, use_language
from irec_live.gui.message_translation import SENTENCES, family_name, instrument_name
from irec_live.input_kind import InputKind
from irec_live.instruments import INSTRUMENTS
from irec_live.models.names import OWN

SOURCES = sorted(translations.GUI.glob("*.py"))

_WORD = re.compile(r"[A-Za-zÄÖÜäöü]{2,}")
_KEYS = re.compile(r"(F\d+|Space|Home|Left|Right|Esc|Enter|Ins|Insert|Del|Delete|(Ctrl|Shift|Alt)\+.*)")
_UNITS = {"ms", "dB", "Hz", "kHz", "min", "REC", "svg", "qm", "ts"}
_NO_TEXT = {
    "tr", "marked", "cast", "Background", "ValueError", "TypeError", "TypeVar", "Literal", "QSettings", "setObjectName",
    "setStyleSheet", "setStyle", "setApplicationName", "setDesktopFileName", "setProperty", "Template", "removeprefix",
    "Setting", "choice", "number", "flag", "structure", "fromhex", "color", "themed_icon", "save", "getattr", "hasattr",
    "translate", "replace", "startswith", "endswith", "with_name", "glob", "load", "icon_path", "files", "compile",
}  # fmt: skip
"""Calls whose arguments nobody reads, or that translate them."""
_NAMES = {
    "app.py": {
        # of screenshots; the terminal says it
        "the window was closed before the picture {} was taken",
    },
    "theme.py": {"Inter", "Segoe UI", "Segoe UI Variable Text", "SF Pro Text", "Helvetica Neue", "Cantarell", "Ubuntu",
                 "Noto Sans", "DejaVu Sans", "sans-serif"},
    "diagnostics.py": {"Qt for Python", "ONNX Runtime", "NumPy", "Python", "PySide6", "PySide6-Essentials",
                       "onnxruntime-gpu", "onnxruntime-directml", "License-Expression", "License", "irec-live"},
    "output_control.py": {"OSC", "MIDI"},
    "scale_control.py": {"QT_SCALE_FACTOR"},
    "main_window.py": {"irec-live", "{} – irec-live"},
    "source_picker.py": {"open file"},
    "message_translation.py": set(INSTRUMENTS),
    "language.py": {"English"},
}  # fmt: skip
"""Names of fonts, libraries and the like, by file."""


@dataclass(frozen=True)
class Message:
    """An entry of a .ts file."""

    source: str
    note: str
    forms: tuple[str, ...]
    plural: bool
    state: str | None


def messages(path: Path) -> list[Message]:
    found = []
    for entry in ET.parse(path).iter("message"):
        translation = entry.find("translation")
        assert translation is not None
        plural = entry.get("numerus") == "yes"
        forms = [form.text or "" for form in translation.iter("numerusform")] if plural else [translation.text or ""]
        note = entry.findtext("comment") or ""
        found.append(Message(entry.findtext("source") or "", note, tuple(forms), plural, translation.get("type")))
    return found


def test_the_words_of_the_window_are_all_translated() -> None:
    untranslated = [f"{path.name}:{line}: {text!r}" for path in SOURCES for line, text in literals(path)]
    assert untranslated == [], 'write tr("..."), or marked("...") in a table'


def test_the_search_for_words_sees_what_is_not_translated(tmp_path: Path) -> None:
    path = tmp_path / "widget.py"
    path.write_text(
        '"""A docstring with words."""\n'
        'label.setText("Not translated")\n'
        'label.setText(tr("Translated {name}", name=f"{one} ms"))\n'
        'label.setText(f"{count} files")\n'
        'label.setToolTip("Close" if open else tr("Open"))\n'
        'label.setText("silent")\n'
        'worker = Background("irec-live thread")\n'
        'raise ValueError("a programming error")\n',
        encoding="utf-8",
    )
    assert [text for _, text in literals(path)] == ["Not translated", "{} files", "Close", "silent"]


@pytest.mark.parametrize("code", codes())
def test_the_files_hold_what_is_in_the_code_and_nothing_else(code: str, tmp_path: Path) -> None:
    held = FOLDER / f"irec_{code}.ts"
    fresh = tmp_path / held.name
    shutil.copy(held, fresh)
    translations.collect(code, fresh)
    assert messages(fresh) == messages(held), "run: make translations"


@pytest.mark.parametrize("code", codes())
def test_every_compiled_file_is_that_of_its_source(code: str, tmp_path: Path) -> None:
    made = tmp_path / "made.qm"
    translations.compile_(FOLDER / f"irec_{code}.ts", made)
    assert made.read_bytes() == (FOLDER / f"irec_{code}.qm").read_bytes(), "run: make translations"


@pytest.mark.parametrize("code", codes())
def test_no_sentence_is_left_to_translate(code: str) -> None:
    assert [one.source for one in messages(FOLDER / f"irec_{code}.ts") if one.state or not all(one.forms)] == []


@pytest.mark.parametrize("code", codes())
def test_translations_have_the_same_names_and_numbers_in_them(code: str) -> None:
    for one in messages(FOLDER / f"irec_{code}.ts"):
        for form in one.forms:
            assert fields(form) == fields(one.source), one.source
            assert form.count("%n") == one.source.count("%n"), one.source
            assert (form.count("&") - 2 * form.count("&&") == 1) == ("&" in one.source), one.source
            assert form.endswith("…") == one.source.endswith("…"), one.source
            assert form.count("\n") == one.source.count("\n"), one.source
            assert form == form.strip(), one.source


def test_words_from_outside_of_the_window_are_all_there() -> None:
    collected = {one.source for one in messages(FOLDER / "irec_de.ts")}
    assert {"MIDI file", InputKind.MIC.offer, OWN} <= set(translations.titles()) <= collected


@pytest.fixture
def german() -> Iterator[None]:
    use_language("de")
    yield
    use_language(ENGLISH)


@pytest.mark.usefixtures("german")
def test_every_instrument_and_family_has_a_name_of_its_own() -> None:
    names = [instrument_name(label) for label in INSTRUMENTS]
    assert len(set(names)) == len(names)
    same = {label for label in INSTRUMENTS if instrument_name(label) == label}
    assert same == set()
    assert {name for name in (one.family for one in INSTRUMENTS.values()) if family_name(name) == name} == set()


def test_each_sentence_from_outside_is_one_that_the_code_makes() -> None:
    made = set()
    for path in Path(irec_live.__file__).parent.rglob("*.py"):
        if "gui" not in path.parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            made |= {template(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.Constant)}
    assert [one for one in SENTENCES if bare(one) not in made] == []


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def bare(text: str) -> str:
    """A sentence without the names of what is put in."""
    return re.sub(r"\{\w*\}", "{}", text)


def template(node: ast.JoinedStr | ast.Constant) -> str:
    """The text of a literal, with ``{}`` for what is put in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(template(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def literals(path: Path) -> list[tuple[int, str]]:
    """Line and text of each literal with words in it that a user may read, and that is not translated."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(node.lineno, template(node)) for node in read(tree) if is_text(path.name, node)]


def is_text(file: str, node: ast.JoinedStr | ast.Constant) -> bool:
    text = template(node)
    plain = re.sub(r"\{\w*\}|</?\w[^>]*>", " ", text)
    words = [word for word in _WORD.findall(plain) if word not in _UNITS]
    if not words or text in _NAMES.get(file, ()) or _KEYS.fullmatch(text):
        return False
    if isinstance(node, ast.JoinedStr):
        return True
    # One word in small letters, or with signs in it, is a key: of a setting, an icon, a message.
    return re.fullmatch(r"[#.(]?[a-z0-9_./:-]+", text) is None or getattr(node, "shown", False)


_SHOWN = ("QLabel", "QPushButton", "QMenu", "addMenu", "addAction", "drawText", "showText", "addRow", "addItem")


def read(node: ast.AST, shown: bool = False) -> Iterator[ast.JoinedStr | ast.Constant]:
    """The string literals below a node that a user may read."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yield from read(node.func)
        if name in _NO_TEXT:
            return
        shown = name in _SHOWN or (
            name.startswith("set") and name.endswith(("Text", "Tip", "Title", "Name", "Description"))
        )
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            yield from read(argument, shown)
        return
    if isinstance(node, ast.JoinedStr):
        yield node
        shown = False
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            node.shown = shown  # type: ignore[attr-defined]
            yield node
        return
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    elif isinstance(node, ast.Assign) and any(
        isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets
    ):
        return
    elif not isinstance(node, ast.IfExp | ast.BoolOp | ast.BinOp):
        shown = False
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or (isinstance(node, ast.Subscript) and name == "slice"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
                yield from read(child, shown)
