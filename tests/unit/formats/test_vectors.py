"""Embeddings in a column of a Parquet table."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import PartError
from laion2b.formats.emb import HALF
from laion2b.formats.embeddings import open_embeddings

DIMENSIONS = 8
FLOATS = [pa.float16(), pa.float32(), pa.float64()]
KINDS = {"list": pa.list_, "large_list": pa.large_list, "fixed_size_list": lambda kind: pa.list_(kind, DIMENSIONS)}


def vectors(rows: int, kind: pa.DataType) -> tuple[np.ndarray, pa.Array]:
    """Return float16 rows, and the same rows as an array of lists."""
    matrix = np.random.default_rng(5).normal(0, 1, (rows, DIMENSIONS)).astype("<f2")
    dtype = {pa.float16(): "<f2", pa.float32(): "<f4", pa.float64(): "<f8"}[kind.value_type]
    return matrix, pa.array(list(matrix.astype(dtype)), kind)


def write(path, column, name="vector", **options):
    pq.write_table(pa.table({"url": ["x"] * len(column), name: column}), path, **options)
    return path


def read(path, array=None) -> bytes:
    with open_embeddings(path, array=array) as embeddings:
        blocks = [block.copy() for block in embeddings.blocks()]
        assert all(block.dtype == HALF and block.flags.c_contiguous for block in blocks)
        assert sum(map(len, blocks)) == embeddings.rows
        return b"".join(block.tobytes() for block in blocks)


@pytest.mark.parametrize("name", ["vector", "emb", "embedding"])
@pytest.mark.parametrize("number", FLOATS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_list(tmp_path, kind, number, name):
    matrix, column = vectors(300, KINDS[kind](number))
    path = write(tmp_path / "part.parquet", column, name, row_group_size=130)
    assert read(path) == matrix.tobytes()


def test_more_than_a_block(tmp_path):
    matrix, column = vectors(100_000, KINDS["list"](pa.float32()))
    assert read(write(tmp_path / "part.parquet", column)) == matrix.tobytes()


def test_a_column_by_its_name(tmp_path):
    matrix, column = vectors(3, KINDS["list"](pa.float32()))
    path = tmp_path / "part.parquet"
    pq.write_table(pa.table({"emb": column, "vector": column, "mine": column, "ids": [[1]] * 3}), path)
    assert read(path, "mine") == matrix.tobytes()
    with pytest.raises(PartError, match=r"lists emb, vector, mine, expected one named vector or emb or embedding"):
        read(path)
    with pytest.raises(PartError, match=r"lists emb, vector, mine, expected one named ids.* `array`"):
        read(path, "ids")


def test_no_rows(tmp_path):
    _, column = vectors(0, KINDS["fixed_size_list"](pa.float32()))
    assert not read(write(tmp_path / "part.parquet", column))
    _, column = vectors(0, KINDS["list"](pa.float32()))
    with pytest.raises(PartError, match="found a table without rows"):
        read(write(tmp_path / "part.parquet", column))


ROW = [1.0] * DIMENSIONS


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([ROW] * 70 + [None], "found no embedding in row 70"),
        ([ROW] * 70 + [ROW[1:]], "found 7 numbers in row 70, expected 8"),
        ([ROW] * 70 + [[*ROW[1:], None]], "found missing numbers in row 64 or soon after"),
        ([[], ROW], "found rows without numbers"),
        ([None, ROW], "found rows without numbers"),
    ],
)
def test_rows_that_are_no_embeddings(tmp_path, rows, found):
    path = write(tmp_path / "part.parquet", pa.array(rows, pa.list_(pa.float32())))
    with pytest.raises(PartError, match=found):
        read(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html></html>"])
def test_files_that_are_no_parquet(tmp_path, content):
    (tmp_path / "part.parquet").write_bytes(content)
    with pytest.raises(PartError, match="found a file that can't be read"):
        read(tmp_path / "part.parquet")


def test_a_damaged_page(tmp_path):
    _, column = vectors(300, KINDS["list"](pa.float32()))
    path = write(tmp_path / "part.parquet", column, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[4:4000] = b"\xff" * 3996
    path.write_bytes(content)
    with pytest.raises(PartError, match="found a file that can't be read"):
        read(path)


def test_a_table_without_embeddings(tmp_path):
    pq.write_table(pa.table({"vector": [[1]], "url": ["x"]}), tmp_path / "part.parquet")
    with pytest.raises(PartError, match="found the columns of float16, float32 or float64 lists none"):
        read(tmp_path / "part.parquet")
