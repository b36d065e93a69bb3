"""The table of branch coverage: sums by folder, and what is asked of one."""

from __future__ import annotations

from typing import Any

from tests import covered


def file(lines: int, lines_run: int, branches: int, branches_run: int) -> dict[str, Any]:
    numbers = (lines, lines_run, branches, branches_run)
    names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    return {"summary": dict(zip(names, numbers, strict=True))}


REPORT = {
    "files": {
        "policies/rules/a.py": file(6, 6, 4, 2),
        "policies/b.py": file(10, 8, 0, 0),
        "__main__.py": file(5, 5, 0, 0),
    }
}


def test_files_are_summed_by_folder() -> None:
    found = covered.folders(REPORT)
    assert found["policies"] == covered.Folder(16, 14, 4, 2)
    assert found["policies"].percent == 80
    assert found["__main__.py"].percent == 100
    rows = list(covered.table(found, {"policies": 80}))
    assert rows[-1].split() == ["policies", "16", "87.5", "%", "4", "50.0", "%", "80.0", "%", "80", "%"]


def test_a_folder_below_its_bound_is_told() -> None:
    found = covered.folders(REPORT)
    assert not list(covered.too_little(found, {"policies": 80}))
    assert [line.split()[0] for line in covered.too_little(found, {"policies": 81, "gone": 1})] == ["policies", "gone"]
