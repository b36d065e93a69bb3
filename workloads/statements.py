"""A workload's features.sql as statements: what each makes, which names it mentions, and on which line."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

_MADE = {"VIEW", "MACRO", "FUNCTION"}
_BEFORE = {"OR", "REPLACE", "TEMP", "TEMPORARY"}


@dataclass(frozen=True)
class Token:
    """A word, sign or literal of the file.

    Attributes
    ----------
    start : int
        Where it begins, in bytes from the beginning of the file, as DuckDB counts.
    text : str
        As it is written; of a quoted name without the quotes.
    name : bool
        Whether it may name something.
    """

    start: int
    text: str
    name: bool

    def is_name(self, name: str) -> bool:
        """Say whether it is this name, in any case."""
        return self.name and self.text.lower() == name.lower()

    def says(self, *words: str) -> bool:
        """Say whether it is one of these unquoted words."""
        return self.text.upper() in words


@dataclass(frozen=True)
class Statement:
    """One statement of the file.

    Attributes
    ----------
    text : str
        From its first word to its last.
    start : int
        Where it begins, in bytes from the beginning of the file.
    tokens : tuple of Token
        Without comments and without the semicolon.
    """

    text: str
    start: int
    tokens: tuple[Token, ...]

    @property
    def makes(self) -> str:
        """``VIEW`` or ``MACRO``; empty for any other statement."""
        if not self.tokens[0].says("CREATE"):
            return ""
        word = next((token for token in self.tokens[1:] if not token.says(*_BEFORE)), None)
        if word is None or not word.says(*_MADE):
            return ""
        return "VIEW" if word.says("VIEW") else "MACRO"

    @property
    def name(self) -> str:
        """What the view or macro is called; empty where nothing follows the word."""
        return next((token.text for token in self._behind()), "")

    @property
    def renames(self) -> bool:
        """Whether a view gives its columns other names, in a list behind its own."""
        return self.makes == "VIEW" and any(token.says("(") for token in self._behind()[1:2])

    def _behind(self) -> tuple[Token, ...]:
        at = next(number for number, token in enumerate(self.tokens) if token.says(*_MADE))
        words = self.tokens[at + 1 :]
        return words[3:] if words and words[0].says("IF") else words

    @property
    def body(self) -> tuple[str, int]:
        """The query of a view, and where it begins in the file; empty where it has none."""
        begin = next((token.start + 2 for token in self.tokens if token.says("AS")), None)
        if begin is None:
            return "", self.start
        return self.text.encode()[begin - self.start :].decode(), begin

    @property
    def names(self) -> frozenset[str]:
        """Every name that it mentions, in lower case."""
        return frozenset(token.text.lower() for token in self.tokens if token.name)

    def place_of(self, column: str) -> int:
        """Find where the query most likely makes a column: the last ``AS`` it, else the last time it is listed."""
        named = [
            one.start for before, one in itertools.pairwise(self.tokens) if one.is_name(column) and before.says("AS")
        ]
        listed = [
            one.start
            for one, behind in itertools.zip_longest(self.tokens, self.tokens[1:])
            if one.is_name(column) and (behind is None or behind.says(",", "FROM", ")"))
        ]
        return (named or listed or [self.tokens[0].start])[-1]


class Script:
    """The text of a features.sql.

    Parameters
    ----------
    text : str
        Of the whole file.
    """

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()
        self._ends = [at for at, byte in enumerate(self._bytes) if byte == ord("\n")]
        self.statements = tuple(self._statements(text))

    def line(self, at: int) -> int:
        """Return the line, from 1, of a place in bytes."""
        return bisect.bisect_left(self._ends, at) + 1

    def text(self, at: int, length: int) -> str:
        """Return what stands at a place, in bytes."""
        return self._bytes[at : at + length].decode(errors="replace")

    def _statements(self, text: str) -> Iterator[Statement]:
        tokens: list[Token] = []
        places = duckdb.tokenize(text)
        for (start, kind), (end, _) in zip(places, [*places[1:], (len(self._bytes), None)], strict=True):
            written = self._bytes[start:end].decode().strip()
            if kind == duckdb.token_type.operator and written == ";":
                yield from self._statement(tokens, start)
                tokens = []
            elif kind != duckdb.token_type.comment:
                plain = written.strip('"').replace('""', '"') if written.startswith('"') else written
                # a keyword that is not reserved may be a name too
                name = kind in (duckdb.token_type.identifier, duckdb.token_type.keyword)
                tokens.append(Token(start, plain, name))
        yield from self._statement(tokens, len(self._bytes))

    def _statement(self, tokens: list[Token], end: int) -> Iterator[Statement]:
        if tokens:
            start = tokens[0].start
            yield Statement(self._bytes[start:end].decode().rstrip(), start, tuple(tokens))
