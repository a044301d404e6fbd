"""Which part the rows of a table come from: their keys tell.

The parts of LAION2B-en took the image archives in turn, and a key is the number of a row's archive, followed by the
row's number in it, in four digits. So the part is `key // 10000 % modulus`, where the modulus is the number of parts.
"""

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from laion2b.formats.metadata import Metadata, is_text
from laion2b.formats.tsv import text

from .record import Shard

log = logging.getLogger(__name__)

KEY = "key"
"""The column that holds the keys, as numbers or as their digits."""
ROWS_OF_ARCHIVE = 10_000
"""Rows of an image archive at most: that many numbers are free in each."""
DIGITS = r"^[0-9]{1,18}$"
"""What is a key in a column of text. 18 digits always fit into 64 bits."""
NO_KEY = -1
MOST_PARTS = 5
"""Parts that are counted one by one in a record."""
UNKNOWN, OTHERS = "unknown", "others"


class Origins:
    """Counts the rows of a part by the part that their keys name."""

    def __init__(self, modulus: int) -> None:
        self._modulus = modulus
        self._counts = np.zeros(modulus + 1, np.int64)  # the last one counts rows without a key

    def add(self, column: pa.Array) -> None:
        """Count the rows of a plain column of keys."""
        self._counts += np.bincount(part_of(column, self._modulus), minlength=self._modulus + 1)

    def result(self) -> dict[str, int]:
        """Return the rows of each part, most first: a few parts, then OTHERS, and UNKNOWN for rows without a key."""
        *counts, unknown = self._counts.tolist()
        parts = Counter({f"{number:04d}": count for number, count in enumerate(counts) if count})
        listed = dict(parts.most_common(MOST_PARTS))
        rest = {OTHERS: parts.total() - sum(listed.values()), UNKNOWN: unknown}
        return listed | {name: count for name, count in rest.items() if count}


def can_tell(table: Metadata) -> bool:
    """Tell whether a table has one column of keys, of a type that holds keys."""
    if table.schema.names.count(table.name_of(KEY)) != 1:
        return False
    kind = table.type_of(KEY)
    return is_text(kind) or pa.types.is_integer(kind)


def numbers(column: pa.Array) -> np.ndarray:
    """Return the keys of a plain column as int64, shape (rows,); NO_KEY where there is none, or what is no number."""
    if is_text(column.type):
        try:
            parsed = column.cast(pa.int64())
        except pa.ArrowInvalid:  # slower, but then some cells are no keys; as bytes, because they may not be UTF-8
            are_digits = pc.match_substring_regex(text(column), DIGITS)
            parsed = pc.if_else(are_digits, column, None).cast(pa.int64())
    else:
        parsed = pc.if_else(pc.less_equal(column, _largest(column.type)), column, None).cast(pa.int64())
    found = pc.fill_null(parsed, NO_KEY).to_numpy(zero_copy_only=False)
    return np.maximum(found, NO_KEY)


def _largest(kind: pa.DataType) -> pa.Scalar:
    bits = min(63, kind.bit_width - pa.types.is_signed_integer(kind))
    return pa.scalar(2**bits - 1, kind)


def part_of(column: pa.Array, modulus: int) -> np.ndarray:
    """Return the part of each row of a plain column of keys, int64 of shape (rows,); `modulus` where no key is."""
    found = numbers(column)
    return np.where(found == NO_KEY, modulus, found // ROWS_OF_ARCHIVE % modulus)


def warn(shard: Shard, record: Path) -> None:
    """Warn if the keys of most rows of a part name other parts.

    If they name one part, each part is warned of: two were swapped. If they name many, the data are of another family,
    and only the first part is warned of, with the others that `record` has in its folder.
    """
    known, own = _known(shard), shard.parts_by_key.get(shard.part, 0)
    if 2 * own >= known:
        return
    if _is_mixed(shard):
        is_known = any(_is_mixed(other) for other in shard.others(record))
        log.log(logging.INFO if is_known else logging.WARNING, "%s", _of_many_parts(shard, known - own))
    else:
        log.warning("%s", _of_another_part(shard))


def _known(shard: Shard) -> int:
    """Return the rows whose keys name a part."""
    return sum(shard.parts_by_key.values()) - shard.parts_by_key.get(UNKNOWN, 0)


def _is_mixed(shard: Shard) -> bool:
    """Tell whether no part has more than half of the rows."""
    known = _known(shard)
    return known > 0 and 2 * next(iter(shard.parts_by_key.values())) <= known


def _of_another_part(shard: Shard) -> str:
    part, rows = next(iter(shard.parts_by_key.items()))
    return (
        f"part {shard.part}: {rows:,} of {shard.rows_in:,} rows belong to part {part}, as the column {KEY} says. "
        f"Likely cause: metadata_{shard.part}.parquet is the file of part {part} under another name; then captions and "
        "embeddings don't belong together. What to do: compare both files of the part with the mirror. If your data "
        "count their keys in another way, set `modulus: null`, and nothing is compared."
    )


def _of_many_parts(shard: Shard, rows: int) -> str:
    return (
        f"part {shard.part}: {rows:,} of {shard.rows_in:,} rows belong to many other parts, as the column {KEY} says. "
        "Likely cause: the data are of another family, whose keys have another rule. What to do: set `modulus` in "
        "config.yaml to the number of the family's parts, or to null if its keys say nothing about parts."
    )
