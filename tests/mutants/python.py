"""Faults in Python files: each is a replacement of a few characters, so that the rest of the file stays as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.mutants.mutant import OPPOSITES, PROTECTS, Mutant, numbered

_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
_CALLS = {"allow": "deny", "deny": "allow", "min": "max", "max": "min", "any": "all", "all": "any"}
_WITHOUT_EFFECT = {
    "strict",
    "exist_ok",
    "missing_ok",
    "ignore_errors",
    "usedforsecurity",
    "ensure_ascii",
    "indent",
    "sort_keys",
}
_WAITS = re.compile(r"sleep|timeout|_seconds|pause", re.IGNORECASE)
_SAYS = re.compile(r"(^|\.)(print|say|debug|info|warning|register_outputs|simplefilter|__init__)$")


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    new: str
    where: str


class _Finder(ast.NodeVisitor):
    """Walks a module and keeps every edit."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.edits: list[_Edit] = []
        self.names: list[str] = []

    def start(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        return self.lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.lines[node.end_lineno - 1] + node.end_col_offset

    def put(self, start: int, end: int, new: str) -> None:
        self.edits.append(_Edit(start, end, new, ".".join(self.names) or "module"))

    def within(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.names.append(node.name)
        for part in node.body:
            self.visit(part)
        if not isinstance(node, ast.ClassDef):
            for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one)):
                self.visit(default)
        self.names.pop()

    visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = within  # noqa: N815 (ast's names)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit_value(node.target, node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit_value(node.targets[0], node.value)

    def visit_value(self, target: ast.expr, value: ast.expr) -> None:
        name = ast.unparse(target)
        if name == "__all__" or _WAITS.search(name):
            return
        self.visit(value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        return

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
            return
        self.condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.condition(test)
        self.generic_visit(node)

    def condition(self, test: ast.expr) -> None:
        if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr):
            self.put(self.start(test), self.end(test), f"(not ({self.text(test)}))")

    def text(self, node: ast.expr | ast.keyword) -> str:
        return self.source[self.start(node) : self.end(node)].decode()

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            old, new = _COMPARISONS[type(operator)]
            self.between(left, right, old, new)
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self.between(node.values[0], node.values[1], old, new)
        self.generic_visit(node)

    def between(self, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        start, end = self.end(left), self.start(right)
        found = re.search(re.escape(old).replace(r"\ ", r"\s+"), self.source[start:end].decode())
        assert found, (old, self.source[start:end])
        self.put(start + found.start(), start + found.end(), new)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.put(self.start(node), self.start(node.operand), "")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.put(self.start(node), self.end(node), str(not node.value))
        elif isinstance(node.value, int):
            self.put(self.start(node), self.end(node), str(node.value + 1))
        elif isinstance(node.value, float):
            self.put(self.start(node), self.end(node), str(node.value * 2 or 1.0))
        elif isinstance(node.value, str) and node.value in OPPOSITES:
            self.put(self.start(node), self.end(node), f'"{OPPOSITES[node.value]}"')

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if _WAITS.search(name) or name.endswith("register_outputs"):  # Pulumi keeps a component's outputs for display
            return
        if name in _CALLS:
            self.put(self.start(node.func), self.end(node.func), _CALLS[name])
        for keyword in node.keywords:
            if keyword.arg and PROTECTS.search(keyword.arg):
                self.drop(self.start(keyword), self.end(keyword.value))
        for part in (node.func, *node.args):
            self.visit(part)
        for keyword in node.keywords:
            if keyword.arg not in _WITHOUT_EFFECT and not _WAITS.search(keyword.arg or ""):
                self.visit(keyword.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and PROTECTS.search(key.value):
                self.drop(self.start(key), self.end(value))
        self.generic_visit(node)

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        if len(node.elts) > 1:
            for element in node.elts:
                if _is_right(element):
                    self.drop(self.start(element), self.end(element))
        self.generic_visit(node)

    visit_List = visit_Tuple = visit_Set = sequence  # noqa: N815

    def drop(self, start: int, end: int) -> None:
        """Leave out one of several, with the comma behind it or before it."""
        if after := re.match(rb"\s*,[ ]?", self.source[end:]):
            self.put(start, end + after.end(), "")
        elif before := re.search(rb",\s*$", self.source[:start]):
            self.put(before.start(), end, "")
        else:
            self.put(start, end, "")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node.value, ast.Call) and not _SAYS.search(ast.unparse(node.value.func)):
            self.put(self.start(node), self.end(node), "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.put(self.start(node), self.end(node), "pass")
        self.generic_visit(node)


def _is_right(element: ast.expr) -> bool:
    """Say whether an element of a list is an action, or one or several statements of a policy."""
    if isinstance(element, ast.Starred):
        return isinstance(element.value, ast.Call | ast.Name | ast.Attribute)
    if isinstance(element, ast.Call):
        return ast.unparse(element.func) in ("allow", "deny")
    return isinstance(element, ast.Constant) and bool(re.fullmatch(r"[a-z0-9-]+:[A-Z*]\w*\*?", str(element.value)))


def mutants(path: str, source: str) -> Sequence[Mutant]:
    """Return every fault of a file, in the order of its lines."""
    raw = source.encode()
    finder = _Finder(raw)
    finder.visit(ast.parse(source))
    return list(numbered(_written(path, raw, finder.edits)))


def _written(path: str, raw: bytes, edits: list[_Edit]) -> Iterator[Mutant]:
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        text = (raw[: edit.start] + edit.new.encode() + raw[edit.end :]).decode()
        try:
            ast.parse(text)
        except SyntaxError:
            continue  # a comma or a bracket that was needed
        yield Mutant(path, edit.where, _told(raw, edit), text)


def _told(raw: bytes, edit: _Edit) -> str:
    """Describe an edit by the line that it is in."""
    first = raw.rfind(b"\n", 0, edit.start) + 1
    old = raw[edit.start : edit.end].decode()
    if "\n" in old or len(old) > 60:
        shown = " ".join(old.split())
        return f"{shown[:70].strip()}... -> {edit.new or 'nothing'}"
    last = raw.find(b"\n", edit.end)
    before, after = raw[first : edit.start].decode(), raw[edit.end : last].decode()
    return f"{before.lstrip()}[{old} -> {edit.new or 'nothing'}]{after.rstrip()}"
