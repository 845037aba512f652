"""Stand-ins must take every call that what they stand for takes, or a call that seldom comes makes a test fail then."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from typing import NamedTuple, Protocol

_PROJECT = Path(__file__).parents[2]
_ROOTS = [_PROJECT / name for name in ("tests/support", ".", "models", "export", "assets")]
_BY_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def refused(stand_in: Signature, original: Signature) -> str:
    """A call that the original takes and the stand-in does not, in words; empty if there is none."""
    ours, theirs = stand_in.parameters.values(), original.parameters.values()
    kinds = {each.kind for each in ours}
    by_place = [each for each in ours if each.kind in _BY_PLACE]
    by_name = {each.name for each in ours if each.kind in _BY_NAME}
    places = [each for each in theirs if each.kind in _BY_PLACE]
    if len(places) > len(by_place) and Parameter.VAR_POSITIONAL not in kinds:
        return f"with {len(places)} arguments"
    unknown = [each.name for each in theirs if each.kind in _BY_NAME and each.name not in by_name]
    if unknown and Parameter.VAR_KEYWORD not in kinds:
        return f"with {unknown[0]}="
    always = sum(_is_needed(each) for each in places)  # are given by place
    given = {each.name for each in by_place[:always]} | {each.name for each in theirs if _is_needed(each)}
    missing = [each.name for each in ours if _is_needed(each) and each.name not in given]
    if missing and Parameter.VAR_POSITIONAL not in {each.kind for each in theirs}:
        return f"without {missing[0]}"
    return ""


def _is_needed(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty and parameter.kind in (*_BY_PLACE, *_BY_NAME)


def signature_of(function: object) -> Signature | None:
    """A signature without types; None of what is not called, or is written in C and tells nothing of itself."""
    if not callable(function) or isinstance(function, type):
        return None
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def overridden(path: Path) -> Iterator[tuple[str, Signature, Signature]]:
    """Methods in the classes of a file of tests, wherever they are written, with those of a base class they replace.

    Yields
    ------
    place : str
        ``Class.method, line N``.
    ours, theirs : inspect.Signature
    """
    for node in _read(path).classes:
        for method in _methods(node):
            for base in node.bases:
                original = _inherited(path, ast.unparse(base), method.name)
                if original is not None:
                    yield f"{node.name}.{method.name}, line {method.lineno}", _written(method.args), original


def refused_by(stand_in: object, protocol: type) -> list[str]:
    """What an object lacks, or does not take, of what a protocol promises."""
    found = []
    for cls in protocol.__mro__[:-1]:
        for name, member in vars(cls).items():
            if (name.startswith("_") and name != "__call__") or cls is Protocol:
                continue
            if not hasattr(stand_in, name):
                found.append(f"{type(stand_in).__name__} has no {name}")
            elif inspect.isfunction(member):
                ours, theirs = signature_of(getattr(stand_in, name)), signature_of(member.__get__(stand_in))
                if ours and theirs and (call := refused(ours, theirs)):
                    found.append(f"{type(stand_in).__name__}.{name} cannot be called {call}")
    return found


def _inherited(path: Path, base: str, name: str) -> Signature | None:
    """Signature of a method of a base class that is written in a file or imported into it; None if it is not ours."""
    written = _read(path)
    for node in written.classes:
        if node.name == base:
            own = (_written(method.args) for method in _methods(node) if method.name == name)
            above = (_inherited(path, ast.unparse(each), name) for each in node.bases)
            return next(own, None) or next(filter(None, above), None)
    first, *rest = base.split(".")
    module, named = written.imports.get(first, ("", first))
    source = _file_of(module)
    return None if source is None else _inherited(source, rest[-1] if rest else named, name)


class _Read(NamedTuple):
    """What a file says of classes."""

    classes: list[ast.ClassDef]
    imports: dict[str, tuple[str, str]]
    """Name in the file -> the module it is from, and its name there."""


@cache
def _read(path: Path) -> _Read:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    imports: dict[str, tuple[str, str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            imports |= {each.asname or each.name: (each.name, "") for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            imports |= {each.asname or each.name: (node.module or "", each.name) for each in node.names}
    return _Read([node for node in nodes if isinstance(node, ast.ClassDef)], imports)


@cache
def _file_of(module: str) -> Path | None:
    """Where a module of ours is written."""
    place = module.replace(".", "/")
    tried = [root / end for root in _ROOTS for end in (f"{place}.py", f"{place}/__init__.py")]
    return next((path for path in tried if module and path.is_file()), None)


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    """Its functions, but what makes it, which may take what it likes, and properties."""
    functions = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name != "__init__"]
    return [
        each for each in functions if not re.search(r"property|setter", " ".join(map(ast.unparse, each.decorator_list)))
    ]


def _written(arguments: ast.arguments) -> Signature:
    """Signature of a function that is only read."""
    by_place = [(each, Parameter.POSITIONAL_ONLY) for each in arguments.posonlyargs]
    by_place += [(each, Parameter.POSITIONAL_OR_KEYWORD) for each in arguments.args]
    first_default = len(by_place) - len(arguments.defaults)
    made = [
        Parameter(each.arg, kind, default=None if place >= first_default else Parameter.empty)
        for place, (each, kind) in enumerate(by_place)
    ]
    if arguments.vararg:
        made.append(Parameter(arguments.vararg.arg, Parameter.VAR_POSITIONAL))
    made += [
        Parameter(each.arg, Parameter.KEYWORD_ONLY, default=None if default else Parameter.empty)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        made.append(Parameter(arguments.kwarg.arg, Parameter.VAR_KEYWORD))
    return Signature(made)
