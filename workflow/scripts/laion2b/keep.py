"""Which rows stay: the one place where that is decided. The embeddings and the TSV both follow the mask made here."""

from collections.abc import Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from .metadata import Metadata, is_number, is_text, value_type
from .tsv import BYTES, text

Condition = Sequence  # [column, operator, value]

COMPARISONS = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
MEMBERSHIPS = ("in", "not in")
OPERATORS = (*COMPARISONS, *MEMBERSHIPS)


def check(metadata: Metadata, conditions: Sequence[Condition]) -> None:
    """Raise PartError unless every condition compares a column of this table with values of its kind."""
    for column, sign, value in conditions:
        kind = value_type(metadata.schema.field(column).type)
        values = value if sign in MEMBERSHIPS else [value]
        if not pa.types.is_null(kind) and not all(_comparable(kind, each) for each in values):
            raise metadata.error(
                f"the column {column} of type {kind}",
                f"a type that can be compared with {value!r}, as `keep` asks for",
                "the metadata are of another dataset, or the value in `keep` should be "
                + ("in quotation marks" if is_text(kind) else "a number"),
            )


def _comparable(kind: pa.DataType, value: object) -> bool:
    if isinstance(value, bool):
        return pa.types.is_boolean(kind)
    return is_text(kind) if isinstance(value, str) else is_number(kind)


def mask(batch: pa.RecordBatch, conditions: Sequence[Condition]) -> pa.BooleanArray:
    """Return a Boolean per row of a batch of plain columns, True = keep: all conditions hold; a missing value never."""
    everything = pa.repeat(True, batch.num_rows)
    return reduce(pc.and_, (_holds(batch.column(c), sign, value) for c, sign, value in conditions), everything)


def _holds(column: pa.Array, sign: str, value: object) -> pa.BooleanArray:
    if pa.types.is_null(column.type):
        return pa.repeat(False, len(column))
    if is_text(column.type):
        column, kind = text(column), BYTES  # bytes, because text may hold what is not UTF-8
    else:
        kind = None
    if sign in COMPARISONS:
        return pc.fill_null(COMPARISONS[sign](column, _scalar(value, kind)), False)
    member = reduce(pc.or_, (pc.equal(column, _scalar(each, kind)) for each in value))
    return pc.fill_null(member if sign == "in" else pc.invert(member), False)


def _scalar(value: object, kind: pa.DataType | None) -> pa.Scalar:
    return pa.scalar(value.encode() if isinstance(value, str) else value, kind)
