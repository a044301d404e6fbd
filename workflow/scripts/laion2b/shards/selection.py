"""Which rows of a part stay: those that `keep` keeps, and that the lists of `drop` and `keep_only` let stay."""

from collections import Counter
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import numpy as np
import pyarrow as pa

from laion2b.formats.metadata import Metadata

from . import keep
from .definition import Definition

ONLY = "keep_only"
"""What counts the rows that are in none of the lists of `keep_only`."""


class Selection:
    """Makes the masks of a part, batch by batch, and counts what each list took."""

    def __init__(self, definition: Definition, folder: Path) -> None:
        """Open the lists, whose sorted forms are in `folder`/lists. Raises OSError if one is missing."""
        from .lists import SortedList  # with packages that only lists need

        self._keep = definition.keep
        self._drop = [(each.by, each.name, SortedList(folder / each.sorted)) for each in definition.lists("drop")]
        self._only = [(each.by, each.name, SortedList(folder / each.sorted)) for each in definition.lists("keep_only")]
        self.taken: Counter[str] = Counter({name: 0 for _, name, _ in self._drop} | ({ONLY: 0} if self._only else {}))
        """Rows that `keep` keeps and that a list took. One that is in two lists is counted for both."""

    def mask(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        """Return a Boolean for each row of a batch of plain columns, True = stays."""
        kept = keep.mask(batch, self._keep)
        if not self.taken:
            return kept
        stays = kept.to_numpy(zero_copy_only=False)
        gone = [(name, held & stays) for name, held in self._held(batch, self._drop)]
        if self._only:
            held = reduce(np.logical_or, (held for _, held in self._held(batch, self._only)))
            gone.append((ONLY, ~held & stays))
        for name, rows in gone:
            self.taken[name] += int(rows.sum())
            stays = stays & ~rows
        return pa.array(stays)

    @staticmethod
    def _held(batch: pa.RecordBatch, lists: list) -> Iterator[tuple[str, np.ndarray]]:
        """Yield for each list which rows it holds. The numbers of rows are computed once for each way to compare."""
        from .lists import numbers

        known: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for by, name, listed in lists:
            if by not in known:
                known[by] = numbers(batch, by)
            yield name, listed.holds(*known[by])


def mask(table: Metadata, definition: Definition, folder: Path) -> np.ndarray:
    """Return the mask of a whole part, bool of shape (rows,), True = stays."""
    selection, masks = Selection(definition, folder), [np.empty(0, bool)]
    for batch in table.batches(definition.compared_columns()):
        masks.append(selection.mask(batch).to_numpy(zero_copy_only=False))
    return np.concatenate(masks)
