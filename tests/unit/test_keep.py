"""Which rows stay."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b import keep
from laion2b.errors import PartError
from laion2b.metadata import open_metadata, plain

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
        keep.check(table, [condition])
