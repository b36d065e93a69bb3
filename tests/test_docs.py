"""What the pages say that can be looked up: links, commands, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / ".github").rglob("*.md"))]
# Workloads that a reader makes, and what only a run makes.
EXAMPLES = ("workloads/mine", "workloads/trips", "workloads/NAME")
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
_MAKE = re.compile(r"(?:^|[\s(])make ([a-z][a-z-]*)")
_MODULE = re.compile(r"python -m ([a-z_]+(?:\.[a-z_]+)*)")
_ELSEWHERE = ("pytest",)  # modules that are not ours


@dataclass
class Page:
    """What of a page is looked up."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    code: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Page:
        """Read a page."""
        made, tokens = cls(), MarkdownIt().enable("table").parse(text)
        for before, token in zip([None, *tokens], tokens, strict=False):
            if token.type in ("fence", "code_block"):
                made.code += token.content.splitlines()
            children = token.children or []
            made.code += [child.content for child in children if child.type == "code_inline"]
            made.links += [str(child.attrs["href"]) for child in children if child.type == "link_open"]
            if before is not None and before.type == "heading_open":
                made.anchors.add(_slug(children))
        return made


def _slug(heading: list[Token]) -> str:
    """Return a heading's anchor as GitHub makes it."""
    text = "".join(token.content for token in heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def broken_links(at: Path, page: Page) -> Iterator[str]:
    """Say which links of a page lead nowhere."""
    for link in page.links:
        if ":" in link.partition("/")[0]:
            continue  # to another site
        path, _, anchor = link.partition("#")
        target = (at.parent / path).resolve() if path else at
        if not target.exists():
            yield f"{link}: there is no such file"
        elif anchor and anchor not in Page.of(target.read_text(encoding="utf-8")).anchors:
            yield f"{link}: there is no such heading"


def unknown_commands(page: Page) -> Iterator[str]:
    """Say which commands of a page are not there."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in page.code:
        yield from (f"make {name}: no target of the Makefile" for name in _MAKE.findall(line) if name not in targets)
        for name in _MODULE.findall(line):
            place = ROOT / name.replace(".", "/")
            there = place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
            if not there and name not in _ELSEWHERE:
                yield f"python -m {name}: no such module"


def unknown_files(page: Page) -> Iterator[str]:
    """Say which files of ours a page names that are not there."""
    made = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()}  # there or not, by what was run
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - made
    for text in page.code:
        named = _PATH.fullmatch(text)
        ours = named and "/" in text and text.split("/")[0] in folders and not text.startswith(EXAMPLES)
        if ours and not (ROOT / text).exists():
            yield f"{text}: there is no such file"


def _read() -> Iterator[tuple[Path, Page]]:
    for at in PAGES:
        yield at, Page.of(at.read_text(encoding="utf-8"))


def test_every_link_leads_somewhere() -> None:
    wrong = [f"{at.relative_to(ROOT)}: {what}" for at, page in _read() for what in broken_links(at, page)]
    assert not wrong, "\n".join(wrong)


def test_every_command_is_there() -> None:
    wrong = [f"{at.relative_to(ROOT)}: {what}" for at, page in _read() for what in unknown_commands(page)]
    assert not wrong, "\n".join(wrong)


def test_every_file_that_a_page_names_is_there() -> None:
    pages = [(at, page) for at, page in _read() if at.name != "CHANGELOG.md"]  # which also tells of what was
    wrong = [f"{at.relative_to(ROOT)}: {what}" for at, page in pages for what in unknown_files(page)]
    assert not wrong, "\n".join(wrong)


def test_every_page_can_be_reached_from_the_first() -> None:
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        at = todo.pop()
        if at in seen or at.suffix != ".md":
            continue
        seen.add(at)
        links = (link.partition("#")[0] for link in Page.of(at.read_text(encoding="utf-8")).links)
        todo += [target for link in links if link and (target := (at.parent / link).resolve()).is_file()]
    lost = {at.relative_to(ROOT).as_posix() for at in PAGES if ".github" not in at.parts} - {
        at.relative_to(ROOT).as_posix() for at in seen
    }
    assert not lost, f"no page links to {', '.join(sorted(lost))}"


def test_what_is_not_there_is_found() -> None:
    page = Page.of(
        "# A `b` c, d\nSee [x](no.md), [y](README.md#no), [z](#a-b-c-d), [w](https://example.com).\n\n"
        "| a |\n|---|\n| `make nothing` |\n\n```\nmake demo\npython -m sandbox.nothing\n```\n"
        "`docs/no.md` `make` `docs/aws.md`"
    )
    at = ROOT / "README.md"
    assert [what.partition(":")[0] for what in broken_links(at, page)] == ["no.md", "README.md#no", "#a-b-c-d"]
    assert page.anchors == {"a-b-c-d"}
    assert [what.partition(":")[0] for what in unknown_commands(page)] == ["make nothing", "python -m sandbox.nothing"]
    assert list(unknown_files(page)) == ["docs/no.md: there is no such file"]
