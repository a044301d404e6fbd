"""Embeddings and TSV of a shard follow one mask."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laion2b import hdf5
from laion2b.errors import PartError
from laion2b.filter import MOST_TAGS, filter_part, kept_runs
from laion2b.shard import Definition, Shard

DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption", "NSFW"], 4, 1)


@pytest.fixture
def paths(tmp_path):
    """Return the arguments for filter_part in an empty folder."""
    return {
        "embeddings": tmp_path / "img_emb_0001.npy",
        "metadata": tmp_path / "metadata_0001.parquet",
        "shard_embeddings": tmp_path / "0001.h5",
        "shard_metadata": tmp_path / "0001.tsv",
        "shard_record": tmp_path / "0001.json",
        "part": "0001",
        "definition": DEFINITION,
    }


def write(paths, tags, rows=None):
    """Write a part whose row k has the numbers k, and return its embeddings."""
    rows = len(tags) if rows is None else rows
    matrix = np.repeat(np.arange(rows) % 2048, 4).reshape(rows, 4).astype("<f2")
    np.save(paths["embeddings"], matrix)
    table = pa.table({"caption": [str(row % 2048) for row in range(len(tags))], "NSFW": pa.array(tags, pa.string())})
    pq.write_table(table, paths["metadata"])
    return matrix


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_of_kept_rows(mask):
    block = np.arange(len(mask) * 3, dtype="<f2").reshape(-1, 3)
    assert b"".join(kept_runs(block, np.array(mask))) == block[mask].tobytes()


@pytest.mark.parametrize(
    "tags",
    [[], ["NSFW"], ["UNLIKELY"], [None, "x"], ["NSFW", "UNSURE"] * 70_000, ["UNLIKELY"] * 140_000, ["NSFW"] * 300],
)
def test_row_k_of_the_tsv_is_row_k_of_the_embeddings(paths, tags):
    matrix = write(paths, tags)
    shard = filter_part(**paths)
    kept = [row for row, tag in enumerate(tags) if tag not in (None, "NSFW")]
    located = hdf5.locate(paths["shard_embeddings"])
    content = paths["shard_embeddings"].read_bytes()[located.offset : located.offset + located.size]
    assert content == matrix[kept].tobytes()
    lines = paths["shard_metadata"].read_text().split("\n")[1:-1]
    assert [line.split("\t")[0] for line in lines] == [str(row % 2048) for row in kept]
    assert (shard.rows, shard.rows_in, located.rows) == (len(kept), len(tags), len(kept))
    assert shard == Shard.read(paths["shard_record"], DEFINITION)


def test_counts_of_tags(paths):
    write(paths, ["NSFW", None, "UNSURE", "odd", "", "UNSURE"])
    assert filter_part(**paths).tags == {"UNSURE": 2, "NSFW": 1, "missing": 1, "odd": 1, "": 1}


def test_rows_that_are_unusual_but_stay(paths):
    matrix = write(paths, ["a"] * 8 + ["NSFW"] * 4)
    matrix[:] = 1
    matrix[[0, 5, 8]] = 0
    matrix[1] = -0.0
    matrix[2, 0] = 0
    matrix[3, 3] = np.nan
    matrix[4, 0] = -np.inf
    matrix[6, 1] = -np.float16(np.nan)
    matrix[9] = np.inf
    np.save(paths["embeddings"], matrix)
    shard = filter_part(**paths)
    assert (shard.zero_rows, shard.not_finite_rows) == (3, 3)
    assert hdf5.locate(paths["shard_embeddings"]).rows == 8


def test_a_part_with_a_tag_for_each_row_has_a_small_record(paths):
    write(paths, [str(row) for row in range(MOST_TAGS + 20)])
    tags = filter_part(**paths).tags
    assert len(tags) == MOST_TAGS + 1
    assert tags["20 other tags"] == 20


@pytest.mark.parametrize("rows", [0, 2, 4])
def test_a_mismatch_leaves_what_was_there(paths, rows):
    write(paths, ["x"] * 3)
    filter_part(**paths)
    before = {path: path.read_bytes() for path in paths["shard_record"].parent.glob("0001.*")}
    write(paths, ["y"] * 3, rows)
    with pytest.raises(PartError, match=f"found {rows} embeddings and 3 rows of metadata"):
        filter_part(**paths)
    assert {path: path.read_bytes() for path in paths["shard_record"].parent.glob("0001.*")} == before


def test_a_damaged_page_leaves_no_shard(paths):
    write(paths, ["x" * 50] * 1000)
    content = bytearray(paths["metadata"].read_bytes())
    content[4:60] = b"\xff" * 56
    paths["metadata"].write_bytes(content)
    with pytest.raises(PartError, match="rows that can't be read"):
        filter_part(**paths)
    assert not list(paths["shard_record"].parent.glob("0001.*"))
