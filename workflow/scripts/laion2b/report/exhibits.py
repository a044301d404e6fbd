"""What the page is made of: sections with figures and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field

NAMES = 12


@dataclass(frozen=True)
class Figure:
    """A chart, its heading, and a sentence or two below."""

    heading: str
    svg: str
    caption: str = ""
    legend: list[tuple[str, str]] = field(default_factory=list)
    """(class, name) of each kind of points."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the first column names the row, the others are numbers."""

    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    name: str
    heading: str
    text: list[str]
    figures: list[Figure] = field(default_factory=list)
    table: Table | None = None


def listed(names: Sequence[str]) -> str:
    """Return names in one line, the first ones if there are many."""
    return ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
