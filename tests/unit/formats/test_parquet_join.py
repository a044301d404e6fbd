"""Parquet files that are joined without being unpacked."""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import ShardError
from laion2b.formats import parquet_join, thrift

SCHEMA = pa.schema({"id": pa.int64(), "text": pa.string(), "list": pa.list_(pa.float64()), "flag": pa.bool_()})


def table(first: int, rows: int) -> pa.Table:
    numbers = np.arange(first, first + rows)
    texts = [None if n % 7 == 0 else f"é{n}" * (n % 5) for n in numbers]
    columns = {"id": numbers, "text": texts, "list": [[float(n), 1.0] for n in numbers], "flag": numbers % 3 == 0}
    return pa.table(columns, schema=SCHEMA)


def write(folder, *rows: int, **options) -> tuple[list, pa.Table]:
    files, tables, first = [], [], 0
    for number, count in enumerate(rows):
        tables.append(table(first, count).replace_schema_metadata({"ids": "from 0"}))
        files.append(folder / f"{number}.parquet")
        pq.write_table(tables[-1], files[-1], row_group_size=300, **options)
        first += count
    return files, pa.concat_tables(tables)


@pytest.mark.parametrize("options", [{}, {"compression": "zstd", "write_page_index": True}, {"use_dictionary": False}])
def test_the_rows_of_all(tmp_path, options):
    files, whole = write(tmp_path, 1000, 1, 301, **options)
    assert parquet_join.join(files, tmp_path / "all.parquet") == 1302
    found = pq.ParquetFile(tmp_path / "all.parquet")
    assert found.read().equals(whole)
    assert found.metadata.num_row_groups == 4 + 1 + 2
    assert found.schema_arrow.metadata[b"ids"] == b"from 0"
    # Readers that look for what they need by the statistics, and by the offsets of columns.
    query = pl.scan_parquet(tmp_path / "all.parquet").filter(pl.col("id") > 1290).select("id", "text")
    assert query.collect().rows() == [(row["id"], row["text"]) for row in whole.to_pylist()[1291:]]


def test_files_without_rows(tmp_path):
    files, _ = write(tmp_path, 0, 5, 0)
    assert parquet_join.join(files, tmp_path / "all.parquet") == 5
    assert parquet_join.join(files[:1], tmp_path / "none.parquet") == 0
    assert pq.read_table(tmp_path / "none.parquet").schema.names == ["id", "text", "list", "flag"]


def footer(file) -> bytes:
    data = file.read_bytes()
    return data[len(data) - 8 - int.from_bytes(data[-8:-4], "little") : -8]


def test_another_schema_is_refused(tmp_path):
    files, _ = write(tmp_path, 3)
    pq.write_table(pa.table({"id": ["x"]}), tmp_path / "other.parquet")
    with pytest.raises(ShardError, match=r"other\.parquet: found other columns"):
        parquet_join.join([*files, tmp_path / "other.parquet"], tmp_path / "all.parquet")
    assert not (tmp_path / "all.parquet").exists()


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-3], lambda data: b"x", lambda data: data[:-8] + b"\xff" * 4 + b"PAR1"]
)
def test_a_damaged_file_is_refused(tmp_path, damage):
    files, _ = write(tmp_path, 3)
    files[0].write_bytes(damage(files[0].read_bytes()))
    with pytest.raises(ShardError, match="can't be read"):
        parquet_join.join(files, tmp_path / "all.parquet")


def test_what_is_read_is_written_again_to_the_byte(tmp_path):
    files, _ = write(tmp_path, 1000, write_page_index=True)
    data = footer(files[0])
    assert thrift.encoded(thrift.Reader(data).struct()) == data
