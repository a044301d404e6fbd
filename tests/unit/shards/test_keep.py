"""Which rows stay."""

import operator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import PartError
from laion2b.formats.batches import plain
from laion2b.formats.metadata import open_metadata
from laion2b.shards import keep

BATCH = pa.record_batch(
    {
        "NSFW": pa.array(["NSFW", "UNLIKELY", None, "", "nsfw", "NSFW "]),
        "tag": plain(pa.array(["NSFW", "UNLIKELY", None, "", "nsfw", "NSFW "]).dictionary_encode()),
        "width": pa.array([1, 2, None, 4, 5, 6]),
        "similarity": pa.array([0.1, float("nan"), None, 0.4, 0.5, 0.6]),
        "good": pa.array([True, False, None, True, True, False]),
        "nothing": pa.nulls(6),
    }
)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], "111111"),
        ([["NSFW", "!=", "NSFW"]], "010111"),
        ([["tag", "!=", "NSFW"]], "010111"),
        ([["NSFW", "==", "NSFW"]], "100000"),
        ([["NSFW", "==", ""]], "000100"),
        ([["NSFW", "in", ["nsfw", ""]]], "000110"),
        ([["NSFW", "not in", ["nsfw", ""]]], "110001"),
        ([["NSFW", "<", "Z"]], "110101"),
        ([["width", ">=", 4]], "000111"),
        ([["width", "<", 4.5]], "110100"),
        ([["width", "!=", 4]], "110011"),
        ([["width", "in", [1, 6]]], "100001"),
        ([["width", "not in", [1, 6]]], "010110"),
        ([["similarity", ">", 0.3]], "000111"),
        ([["similarity", "!=", 0.4]], "110011"),
        ([["good", "==", True]], "100110"),
        ([["nothing", "!=", "x"]], "000000"),
        ([["nothing", "not in", [1]]], "000000"),
        ([["NSFW", "!=", "NSFW"], ["width", "<=", 5]], "010110"),
    ],
)
def test_masks(conditions, expected):
    mask = keep.mask(BATCH, conditions)
    assert mask.null_count == 0
    assert "".join(str(int(kept)) for kept in mask.to_pylist()) == expected


def test_no_rows():
    assert keep.mask(BATCH.slice(0, 0), [["NSFW", "!=", "NSFW"]]).to_pylist() == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (["width", "!=", "NSFW"], "the column width of type int64"),
        (["NSFW", ">", 3], "the column NSFW of type string"),
        (["NSFW", "in", ["x", 3]], "the column NSFW of type string"),
        (["width", "==", True], "the column width of type int64"),
        (["good", "==", 1], "the column good of type bool"),
    ],
)
def test_a_value_of_another_kind_than_the_column(tmp_path, condition, found):
    pq.write_table(pa.table(BATCH), tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as table, pytest.raises(PartError, match=found):
        keep.check_conditions(table, [condition])


COLUMNS = {
    pa.int64(): [-(2**63), -(2**53) - 1, -1, 0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, None],
    pa.uint64(): [0, 1, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1025, 2**64 - 1, None],
    pa.int8(): [-128, -1, 0, 1, 127, None],
    pa.uint16(): [0, 65535, None],
    pa.float64(): [-(2.0**63), -0.5, 0.0, 2.0**53, 2.0**53 + 2, 2.0**64, float("inf"), None],
    pa.float16(): [-1.5, 0.0, 65504.0, None],
}
VALUES = [
    -(2**63),
    -1.5,
    -0.5,
    0,
    -0.0,
    0.5,
    1,
    127.5,
    300,
    2**53,
    float(2**53),
    2**53 + 2,
    2.0**63,
    2**63,
    2**64 - 2048,
]
EXACT = [2**53 + 1, 2**63 - 1, 2**63 + 1025, 2**64 - 1]
"""Values that no floating-point column holds."""
SIGNS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": operator.eq, "not in": operator.ne,
}  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS, ids=str)
@pytest.mark.parametrize("sign", SIGNS)
def test_numbers_are_compared_exactly(kind, sign):
    batch = pa.record_batch({"a": pa.array(COLUMNS[kind], kind)})
    for value in [*VALUES, *(EXACT if pa.types.is_integer(kind) else ())]:
        expected = [number is not None and SIGNS[sign](number, value) for number in COLUMNS[kind]]
        found = keep.mask(batch, [["a", sign, [value] if "in" in sign else value]]).to_pylist()
        assert found == expected, value


@pytest.mark.parametrize("value", EXACT)
@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_a_value_with_more_digits_than_the_column_is_refused_by_name(tmp_path, value, kind):
    pq.write_table(pa.table({"a": pa.array([1.0], kind)}), tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as table:
        keep.check_conditions(table, [["a", "<", 2**53]])
        with pytest.raises(PartError, match=f"the value in `keep`: a < {value}"):
            keep.check_conditions(table, [["a", "<", value]])
        with pytest.raises(PartError, match=rf"the value in `keep`: a in \[1, {value}\]"):
            keep.check_conditions(table, [["a", "in", [1, value]]])
