"""The part that the keys of rows name, and the warning if it is another one."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import PartError
from laion2b.formats import batches
from laion2b.formats.metadata import open_metadata
from laion2b.shards import keys
from laion2b.shards.filter import filter_part
from laion2b.shards.record import Shard
from mirror import synthetic
from tests.support.shards import DEFINITION, write

MODULUS = 2314
ROWS = 5


def key(part: int, row: int) -> str:
    """Return a key of the second archive of a part."""
    return f"{(part + MODULUS) * 10_000 + row:09d}"


def with_keys(paths, column, name="key"):
    """Write a part of ROWS rows with a column of keys."""
    write(paths, ["a"] * ROWS)
    table = pq.read_table(paths["metadata"])
    pq.write_table(table.append_column(name, column), paths["metadata"])


def warnings(caplog) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING and "keys" in each.name]


def test_the_one_key_that_is_known():
    """Row 0 of part 0 of LAION2B-en."""
    assert keys.part_of(pa.array(["185120009"]), MODULUS).tolist() == [0]


KEYS = [key(1, 0), None, key(2, 9_999), "", "x1", "-5", " 10000", "9" * 19, "٣", key(0, 3)]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_text_that_is_no_key_names_no_part(kind):
    column = pa.array(KEYS, kind)
    column = batches.plain(column)
    assert keys.part_of(column, MODULUS).tolist() == [1, MODULUS, 2, *[MODULUS] * 6, 0]


def test_text_that_is_not_utf8():
    column = pa.array([b"\xff", key(7, 1).encode()]).cast(pa.string(), safe=False)
    assert keys.part_of(column, MODULUS).tolist() == [MODULUS, 7]


@pytest.mark.parametrize(
    ("column", "parts"),
    [
        (pa.array([20_000, None, -1], pa.int64()), [2, 5, 5]),
        (pa.array([2**64 - 1, 70_001], pa.uint64()), [5, 2]),
        (pa.array([100, -128], pa.int8()), [0, 5]),
        (pa.array([], pa.int32()), []),
    ],
)
def test_keys_that_are_numbers(column, parts):
    assert keys.part_of(column, 5).tolist() == parts


def test_the_rows_of_a_part_are_counted_and_nothing_is_said(paths, caplog):
    with_keys(paths, pa.array([key(1, row) for row in range(ROWS - 1)] + [None]))
    shard = filter_part(**paths, modulus=MODULUS)
    assert shard.parts_by_key == {"0001": 4, "unknown": 1}
    assert Shard.read(paths["shard_record"], DEFINITION) == shard
    assert not warnings(caplog)


@pytest.mark.parametrize("name", ["key", "KEY"])
@pytest.mark.parametrize("modulus", [MODULUS, None])
def test_rows_of_another_part(paths, caplog, name, modulus):
    with_keys(paths, pa.array([key(3, row) for row in range(ROWS - 1)] + [key(1, 0)]), name)
    shard = filter_part(**paths, modulus=modulus)
    if name != "key" or not modulus:
        assert not shard.parts_by_key
        assert not warnings(caplog)
        return
    assert shard.parts_by_key == {"0003": 4, "0001": 1}
    (warning,) = warnings(caplog)
    assert warning.startswith("part 0001: 4 of 5 rows belong to part 0003")
    assert "`modulus: null`" in warning


def test_rows_of_many_parts_are_told_once_for_all_parts(paths, caplog):
    with_keys(paths, pa.array([key(part, 0) for part in range(10, 10 + ROWS)]))
    filter_part(**paths, modulus=MODULUS)
    (warning,) = warnings(caplog)
    assert "part 0001: 5 of 5 rows belong to many other parts" in warning
    second = {key: path.with_name(f"0002{path.suffix}") for key, path in paths.items() if key.startswith("shard_")}
    filter_part(**paths | second | {"part": "0002"}, modulus=MODULUS)
    assert warnings(caplog) == [warning]


@pytest.mark.parametrize("column", [pa.nulls(ROWS), pa.array([1.5] * ROWS), pa.array([["1"]] * ROWS)])
def test_a_column_that_holds_no_keys_is_not_read(paths, column):
    with_keys(paths, column)
    assert not filter_part(**paths, modulus=MODULUS).parts_by_key


def test_two_columns_of_keys(paths):
    with_keys(paths, pa.array(["1"] * ROWS))
    table = pq.read_table(paths["metadata"])
    pq.write_table(table.append_column("key", pa.array(["1"] * ROWS)), paths["metadata"])
    assert not filter_part(**paths, modulus=MODULUS).parts_by_key


def test_the_record_of_a_part_of_many_parts_is_small():
    origins = keys.Origins(MODULUS)
    origins.add(pa.array([key(part, 0) for part in [*range(40), *range(5), *range(4), 2]]))
    assert origins.result() == {"0002": 4, "0000": 3, "0001": 3, "0003": 3, "0004": 2, "others": 35}


def test_the_column_is_not_written(paths):
    with_keys(paths, pa.array([key(1, row) for row in range(ROWS)]))
    filter_part(**paths, modulus=MODULUS)
    with_check = paths["shard_metadata"].read_bytes()
    filter_part(**paths)
    assert paths["shard_metadata"].read_bytes() == with_check
    assert with_check.startswith(b"caption\tNSFW\n")


def test_a_damaged_column_of_keys_is_an_error(paths):
    with_keys(paths, pa.array(["7" * 1_000_001] * ROWS))
    with pytest.raises(PartError, match="in the column key"):
        filter_part(**paths, modulus=MODULUS)


@pytest.mark.parametrize("part", [0, 1, 2313])
def test_the_parts_of_the_small_mirror_have_keys_that_fit(tmp_path, part):
    rows = 2 * synthetic.ARCHIVE + 3
    pq.write_table(synthetic.metadata(part, rows).select(["key"]), tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as table:
        found = [keys.numbers(batch.column("key")) for batch in table.batches(["key"])]
    found = np.concatenate(found)
    assert len(np.unique(found)) == rows
    assert set((found // keys.ROWS_OF_ARCHIVE % MODULUS).tolist()) == {part}
