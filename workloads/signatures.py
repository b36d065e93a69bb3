"""Which parameters a class takes, read from its source: importing scikit-learn takes a second, which no preview should.

Only what the source says for certain is said here. Whatever is made while a module runs, by a decorator or by a library
that is not installed where this runs, is left to the training job, which imports it.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_DEEPEST = 20  # names that lead to names: no library goes as far, and a circle ends


class UnknownError(Exception):
    """The source does not say it."""


class MissingError(Exception):
    """It is certainly not there; `known` are the names that are."""

    def __init__(self, known: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(known)))
        self.known = known


@dataclass(frozen=True)
class _Module:
    """A source file, and the names that it has at its top."""

    name: str
    path: Path
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> module, its name there
    others: set[str] = field(default_factory=set)
    certain: bool = True


def parameters(path: str, folder: Path) -> frozenset[str]:
    """Return the names of the arguments that a class is made with.

    Parameters
    ----------
    path : str
        Import path; ``workload.<module>.<Class>`` is a class of the workload's own folder.
    folder : Path
        That folder.

    Raises
    ------
    UnknownError
        If the source does not say it, or the class takes any argument.
    MissingError
        If its package is here and the class is not.
    """
    module, _, name = path.rpartition(".")
    kind, where = _found(module, name, str(folder), _DEEPEST)
    for init in _inits(kind, where, str(folder), _DEEPEST):
        if init.args.kwarg or init.args.vararg:
            raise UnknownError
        return frozenset(one.arg for one in [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs][1:])
    return frozenset()


def _inits(kind: ast.ClassDef, module: _Module, folder: str, depth: int) -> Iterator[ast.FunctionDef]:
    """Yield the ``__init__`` of a class and of those that it is made of, in about the order that Python looks."""
    abstract = all(ast.unparse(one) in ("metaclass=ABCMeta", "metaclass=abc.ABCMeta") for one in kind.keywords)
    if not depth or kind.decorator_list or not abstract:
        raise UnknownError
    own = [one for one in kind.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    yield from own[-1:]
    for base in kind.bases:
        if ast.unparse(base) in ("object", "ABC", "abc.ABC"):
            continue
        if not isinstance(base, ast.Name):
            raise UnknownError
        yield from _inits(*_found(module.name, base.id, folder, depth - 1), folder, depth - 1)


def _found(name: str, wanted: str, folder: str, depth: int) -> tuple[ast.ClassDef, _Module]:
    module = _module(name, folder)
    if wanted in module.classes:
        return module.classes[wanted], module
    if wanted in module.imported and depth:
        return _found(*module.imported[wanted], folder, depth - 1)
    if wanted in module.others or not module.certain or not depth:
        raise UnknownError
    raise MissingError(frozenset({*module.classes, *module.imported}))


def _module(name: str, folder: str) -> _Module:
    path = _file(name, folder)
    return _parsed(name, path, path.stat().st_mtime_ns)


@cache
def _parsed(name: str, path: Path, _: int) -> _Module:
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        raise UnknownError from error
    made = _Module(name, path, certain=not any(isinstance(one, ast.If | ast.Try | ast.With) for one in tree.body))
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            made.classes[one.name] = one
        elif isinstance(one, ast.ImportFrom):
            above = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
            start = above[: len(above) - one.level + 1] if one.level else []
            target = ".".join([*start, *([one.module] if one.module else [])])
            for alias in one.names:
                if alias.name == "*":
                    made.others.add("*")
                made.imported[alias.asname or alias.name] = (target, alias.name)
        elif isinstance(one, ast.FunctionDef):
            made.others.add(one.name)
        elif isinstance(one, ast.Assign | ast.AnnAssign):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            nodes = (node for target in targets for node in ast.walk(target))
            made.others.update(node.id for node in nodes if isinstance(node, ast.Name))
    if {"__getattr__", "*"} & made.others:
        return _Module(name, path, made.classes, made.imported, made.others, certain=False)
    return made


def _file(name: str, folder: str) -> Path:
    """Find the source file of a module without running any of it."""
    top, *inner = name.split(".")
    if top == "workload":
        places = [folder]
    else:
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError) as error:
            raise UnknownError from error
        if spec is None:
            raise UnknownError  # it may be in the image
        places = list(spec.submodule_search_locations or ())
        if not inner and spec.origin:
            return Path(spec.origin)
    for place in places:
        base = Path(place, *inner)
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.is_file():
                return path
    parent = Path(places[0], *inner[:-1]) if places else Path()
    if parent.is_dir() and not any(parent.glob(f"{inner[-1]}.*")):
        raise MissingError(frozenset(path.stem for path in parent.iterdir() if path.suffix == ".py" or path.is_dir()))
    raise UnknownError
