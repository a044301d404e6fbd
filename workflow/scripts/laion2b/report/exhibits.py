"""What the page is made of: sections of blocks, with charts, tables and examples."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from laion2b.errors import some

NAMES = 12
"""Names at most that a sentence lists."""
MOST_NARROW = 5
"""Columns at most of a table that fits next to a chart."""


@dataclass(frozen=True)
class Figure:
    """A chart and its heading."""

    heading: str
    spec: dict
    """The chart in Vega-Lite."""
    is_wide: bool = True
    """Whether the chart takes all the room next to the text. Others are put two in a row."""


@dataclass(frozen=True)
class Table:
    """Rows of text under a head. The first column names the row, the others are numbers."""

    head: list[str]
    rows: list[list[str]]

    @property
    def is_wide(self) -> bool:
        """Whether the table has too many columns for half a page."""
        return len(self.head) > MOST_NARROW


@dataclass(frozen=True)
class Example:
    """A row or a query, and the rows near it."""

    name: str
    caption: str | None
    """None for a query, which has no caption here."""
    near: list[tuple[str, str]]
    """The distance and the caption of each near row."""


@dataclass(frozen=True)
class Block:
    """Sentences about one thing, and what shows it."""

    heading: str
    text: list[str]
    figures: list[Figure] = field(default_factory=list)
    table: Table | None = None
    examples: list[Example] = field(default_factory=list)

    @property
    def is_wide(self) -> bool:
        """Whether the text takes the width of the page, because nothing is next to it."""
        return not self.figures and (self.table is None or self.table.is_wide)


@dataclass(frozen=True)
class Section:
    """A part of the page, which the menu names."""

    name: str
    heading: str
    blocks: list[Block]


def listed(names: Sequence[str]) -> str:
    """Return names in one line, the first ones if there are many."""
    return some(names, NAMES)
