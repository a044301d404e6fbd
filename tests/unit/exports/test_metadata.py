"""Metadata as Parquet: the rows of the shards, with types that don't depend on the parts."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import PartError, ShardError
from laion2b.exports import metadata
from laion2b.shards.definition import Definition
from laion2b.shards.filter import filter_part

DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption", "NSFW", "width"], 4, 1)
COLUMNS = ["id", "part", "row", "caption", "NSFW", "width", "similarity", "height", "original_width", "original_height",
           "key", "md5"]  # fmt: skip


def shard(folder, part: int, **columns: object):
    """Make a shard of a part with these columns of metadata, and return the metadata and the record."""
    table = pa.table(columns)
    embeddings, source = folder / f"{part}.npy", folder / f"metadata_{part:04d}.parquet"
    np.save(embeddings, np.zeros((table.num_rows, 4), "<f2"))
    pq.write_table(table, source)
    names = [folder / f"{part:04d}.{ending}" for ending in ("h5", "tsv", "json")]
    filter_part(
        embeddings, source, shard_embeddings=names[0], shard_metadata=names[1], shard_record=names[2],
        part=f"{part:04d}", definition=DEFINITION,
    )  # fmt: skip
    return source, names[2]


@pytest.fixture
def parts(tmp_path):
    """Return metadata and records of two parts, of which the second has other types and fewer columns."""
    first = shard(
        tmp_path, 1, caption=["a\rb", "", None, "x"], NSFW=["UNLIKELY", "", "NSFW", "UNSURE"],
        width=pa.array([1, 2, 3, None], pa.int64()), similarity=[0.5, None, 0.1, 0.25], key=["k1", "k2", "k3", "k4"],
    )  # fmt: skip
    second = shard(
        tmp_path, 2, caption=pa.array([None, "\t\n\""], pa.large_string()).dictionary_encode(), NSFW=["UNSURE", "UNSURE"],
        width=[7.0, float("nan")], key=pa.array([10, 11]), md5=pa.nulls(2),
    )  # fmt: skip
    return [first, second]


def written(folder, parts) -> pa.Table:
    files, records = [], []
    for number, (source, record) in enumerate(parts):
        records.append(record)
        files.append(folder / f"out-{number}.parquet")
        metadata.write_part(source, records, DEFINITION, files[-1])
    metadata.join(files, records, DEFINITION, folder / "all.parquet")
    return pq.read_table(folder / "all.parquet")


def test_rows_of_the_shards_with_their_place(tmp_path, parts):
    table = written(tmp_path, parts)
    assert table.schema.names == COLUMNS
    assert {field.name: str(field.type) for field in table.schema if field.type != pa.string()} == {
        "id": "int64", "part": "int32", "row": "int32", "width": "int32", "similarity": "double", "height": "int32",
        "original_width": "int32", "original_height": "int32",
    }  # fmt: skip
    assert table.select(["id", "part", "row"]).to_pydict() == {
        "id": [0, 1, 2, 3, 4], "part": [1, 1, 1, 2, 2], "row": [0, 1, 3, 0, 1],
    }  # fmt: skip
    assert table["caption"].to_pylist() == ["a\rb", "", "x", None, '\t\n"']
    assert table["NSFW"].to_pylist() == ["UNLIKELY", "", "UNSURE", "UNSURE", "UNSURE"]
    assert table["width"].to_pylist() == [1, 2, None, 7, None]
    assert table["similarity"].to_pylist() == [0.5, None, 0.25, None, None]
    assert table["key"].to_pylist() == ["k1", "k2", "k4", "10", "11"]
    assert table["md5"].null_count == table["height"].null_count == 5


def test_bytes_that_are_no_utf_8(tmp_path, caplog):
    offsets, data = pa.py_buffer(np.array([0, 3, 5], np.int32)), pa.py_buffer(b"a\xffb" + "ü".encode())
    broken = pa.StringArray.from_buffers(2, offsets, data)
    table = written(tmp_path, [shard(tmp_path, 1, caption=broken, NSFW=["", ""], width=[1, 2])])
    assert table["caption"].to_pylist() == ["a\ufffdb", "ü"]
    assert "1 texts are not UTF-8" in caplog.text
    assert b"U+FFFD" in table.schema.metadata[b"text"]


def test_metadata_of_another_version_are_refused(tmp_path, parts):
    (source, record), _ = parts
    table = pq.read_table(source)
    pq.write_table(table.set_column(0, "caption", pa.array(["a\rb", "", None, "y"])), source)
    with pytest.raises(ShardError, match="another version of the part"):
        metadata.write_part(source, [record], DEFINITION, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_numbers_that_are_none(tmp_path):
    source, record = shard(tmp_path, 1, caption=["a"], NSFW=[""], width=["wide"])
    with pytest.raises(PartError, match="values that int32 holds in the column width"):
        metadata.write_part(source, [record], DEFINITION, tmp_path / "out.parquet")


def test_an_earlier_part_that_was_replaced(tmp_path, parts):
    written(tmp_path, parts)
    records = [record for _, record in parts]
    content = json.loads(records[0].read_text())
    records[0].write_text(json.dumps(content | {"rows": 4, "definition": DEFINITION.content()}))
    files = [tmp_path / "out-0.parquet", tmp_path / "out-1.parquet"]
    with pytest.raises(ShardError, match=r"out-0\.parquet: found 3 rows from id 0 on, expected 4 rows from id 0 on"):
        metadata.join(files, records, DEFINITION, tmp_path / "all.parquet")
