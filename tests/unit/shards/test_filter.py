"""Embeddings and TSV of a shard follow one mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laion2b.errors import PartError
from laion2b.formats import hdf5
from laion2b.shards.filter import LONGEST_TAG, MOST_TAGS, filter_part, kept_runs
from laion2b.shards.record import Shard
from tests.support.shards import DEFINITION, write


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
    located = hdf5.find_data(paths["shard_embeddings"])
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
    assert hdf5.find_data(paths["shard_embeddings"]).rows == 8


def test_a_part_with_a_tag_for_each_row_has_a_small_record(paths):
    write(paths, [str(row) for row in range(MOST_TAGS + 20)])
    tags = filter_part(**paths).tags
    assert len(tags) == MOST_TAGS + 1
    assert tags["20 other tags"] == 20


def test_a_tag_that_is_too_long(paths):
    write(paths, ["x" * LONGEST_TAG])
    filter_part(**paths)
    write(paths, ["é" * LONGEST_TAG])
    with pytest.raises(PartError, match="found a tag of 2,000 bytes, expected at most 1,000"):
        filter_part(**paths)


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


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_numbers_that_are_rounded_are_counted_and_told_once(paths, caplog, dtype):
    caplog.set_level("INFO")
    tags = ["NSFW", "a", "b", "c"]
    matrix = write(paths, tags).astype(dtype)
    np.save(paths["embeddings"], matrix)
    assert not filter_part(**paths).rounded_rows
    assert "rows are rounded" not in caplog.text
    matrix[[0, 1, 3], 2] = 0.1
    np.save(paths["embeddings"], matrix)
    assert filter_part(**paths).rounded_rows == 2
    second = {key: path.with_name(f"0002{path.suffix}") for key, path in paths.items() if key.startswith("shard_")}
    filter_part(**paths | second | {"part": "0002"})
    told = [each.levelname for each in caplog.records if "2 of 3 rows are rounded to float16" in each.getMessage()]
    assert told == ["WARNING", "INFO"]
