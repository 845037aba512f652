"""Stand-ins must take every call that what they stand for takes, or a call that seldom comes makes a test fail then."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from pkgutil import resolve_name
from types import FunctionType
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


def patched(path: Path) -> Iterator[tuple[str, Signature, Signature]]:
    """Functions and lambdas that a file of tests puts in the place of a function of ours, by ``setattr``, with that.

    Those are left out whose place is known only while the test runs: an object's, or one that is put together.

    Yields
    ------
    place : str
        ``module.function, line N``.
    ours, theirs : inspect.Signature
    """
    written = _read(path)
    for call in written.patches:
        match call.args:
            case [ast.Constant(value=str(place)), stand_in]:
                pass
            case [owner, ast.Constant(value=str(name)), stand_in]:
                first, *rest = ast.unparse(owner).split(".")
                place = ".".join([*filter(None, written.imports.get(first, ("", first))), *rest, name])
            case _:
                continue
        original = _function_at(place)
        arguments = _arguments(stand_in, call.lineno, written.functions)
        if original is None or arguments is None:
            continue
        ours, theirs = _written(arguments), inspect.signature(original)
        if original.__qualname__ != original.__name__:  # a method: both are given the object first
            ours, theirs = _without_self(ours), _without_self(theirs)
        yield f"{place}, line {call.lineno}", ours, theirs


def _function_at(place: str) -> FunctionType | None:
    """The function of ours that is known by such a name; None if it is something else."""
    if not place.startswith("irec_"):
        return None
    try:
        found = resolve_name(place)
    except (ImportError, AttributeError):
        return None
    return found if inspect.isfunction(found) and found.__module__.startswith("irec_") else None


def _without_self(signature: Signature) -> Signature:
    first, *rest = signature.parameters.values()
    return signature.replace(parameters=rest if first.kind in _BY_PLACE else [first, *rest])


def _arguments(stand_in: ast.expr, line: int, functions: list[ast.FunctionDef]) -> ast.arguments | None:
    """Arguments of a lambda, or of the function that has this name in a line; None of anything else."""
    if isinstance(stand_in, ast.Lambda):
        return stand_in.args
    if not isinstance(stand_in, ast.Name):
        return None
    before = [each for each in functions if each.name == stand_in.id and each.lineno < line]
    return max(before, key=lambda each: each.lineno).args if before else None


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
    """What a file says of classes, and of what it patches."""

    classes: list[ast.ClassDef]
    functions: list[ast.FunctionDef]
    patches: list[ast.Call]
    """Calls of ``setattr``."""
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
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return _Read(
        [node for node in nodes if isinstance(node, ast.ClassDef)],
        [node for node in nodes if isinstance(node, ast.FunctionDef)],
        [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "setattr"],
        imports,
    )


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
