"""Decide which rows are kept. Embeddings and TSV both follow the mask that is made here."""

import math
from collections.abc import Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from laion2b.formats.metadata import Metadata, is_number, is_text
from laion2b.formats.tsv import BYTES, text

from .conditions import COMPARISONS, MEMBERSHIPS
from .definition import Definition

Condition = Sequence  # [column, operator, value]
Value = str | float
"""What a column is compared with. Integers and Booleans are numbers, too."""

_FUNCTIONS = dict(
    zip(COMPARISONS, (pc.equal, pc.not_equal, pc.less, pc.less_equal, pc.greater, pc.greater_equal), strict=True)
)


def check_table(metadata: Metadata, definition: Definition) -> None:
    """Raise PartError unless a table has all columns of a definition, with types that can be written and compared."""
    metadata.check_columns(definition.needed_columns())
    check_conditions(metadata, definition.keep)


def check_conditions(metadata: Metadata, conditions: Sequence[Condition]) -> None:
    """Raise PartError unless every condition compares a column of this table with values of its type."""
    for column, sign, value in conditions:
        kind = metadata.type_of(column)
        values = value if sign in MEMBERSHIPS else [value]
        if not pa.types.is_null(kind) and not all(_comparable(kind, each) for each in values):
            raise metadata.error(
                f"the column {column} of type {kind}",
                f"a type that can be compared with {value!r}, the value in `keep`",
                "the metadata are of another dataset, or the value in `keep` should be "
                + ("in quotation marks" if is_text(kind) else "a number"),
            )
        if pa.types.is_floating(kind) and not all(each == float(each) for each in values):
            raise metadata.error(
                f"the column {column} of type {kind}",
                f"a type that holds all digits of the value in `keep`: {column} {sign} {value!r}",
                "floating-point numbers have 53 bits, so large ones are further apart than 1",
            )


def _comparable(kind: pa.DataType, value: object) -> bool:
    if isinstance(value, bool):
        return pa.types.is_boolean(kind)
    return is_text(kind) if isinstance(value, str) else is_number(kind)


def mask(batch: pa.RecordBatch, conditions: Sequence[Condition]) -> pa.BooleanArray:
    """Return a Boolean per row of a batch of plain columns: True = keep. A missing value fulfils no condition."""
    everything = pa.repeat(True, batch.num_rows)
    return reduce(pc.and_, (_holds(batch.column(c), sign, value) for c, sign, value in conditions), everything)


def _holds(column: pa.Array, sign: str, value: Value | Sequence[Value]) -> pa.BooleanArray:
    if pa.types.is_null(column.type):
        return pa.repeat(False, len(column))
    if is_text(column.type):
        column = text(column)  # bytes, because text may be no UTF-8
    elif pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
    if isinstance(value, str | int | float):
        return pc.fill_null(_compare(column, sign, value), False)
    member = reduce(pc.or_, (_compare(column, "==", each) for each in value))
    return pc.fill_null(member if sign == "in" else pc.invert(member), False)


def _compare(column: pa.Array, sign: str, value: Value) -> pa.BooleanArray:
    if isinstance(value, str):
        return _FUNCTIONS[sign](column, pa.scalar(value.encode(), BYTES))
    if pa.types.is_integer(column.type):
        return _compare_integers(column, sign, value)
    if pa.types.is_floating(column.type):
        value = float(value)
    return _FUNCTIONS[sign](column, pa.scalar(value))


def _compare_integers(column: pa.Array, sign: str, value: float) -> pa.BooleanArray:
    """Compare all digits. Arrow would convert one value to the type of the other, which may lose digits."""
    whole = math.floor(value)
    if whole != value:  # it is between two integers, so it equals none
        if sign in ("==", "!="):
            return _all(column, sign == "!=")
        sign = {"<": "<=", ">=": ">"}.get(sign, sign)
    is_signed = pa.types.is_signed_integer(column.type)
    smallest = -(2 ** (column.type.bit_width - 1)) if is_signed else 0
    largest = 2 ** (column.type.bit_width - is_signed) - 1
    if not smallest <= whole <= largest:
        return _all(column, sign == "!=" or sign[0] == ("<" if whole > largest else ">"))
    return _FUNCTIONS[sign](column, pa.scalar(whole, column.type))


def _all(column: pa.Array, answer: bool) -> pa.BooleanArray:
    return pc.if_else(column.is_valid(), answer, None)
