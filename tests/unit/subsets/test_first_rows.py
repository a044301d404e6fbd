"""The first rows of a subset are the beginning of it, to the byte."""

import pytest

from laion2b.errors import ConfigError, ShardError
from laion2b.formats import hdf5
from laion2b.formats.hdf5 import find_data
from laion2b.subsets.concatenate import concatenate_embeddings, concatenate_metadata
from tests.support.shards import DEFINITION, build, flip

LINES = [b"0\ta\n", b"1\ta\n", b"2\ta\n", b"3\ta\n", b"4\ta\n", b"1\tb\n", b"0\tc\n", b'1\t"\t"\n', b'3\t"q"""\n']


@pytest.mark.parametrize("rows", range(1, 10))
def test_they_are_the_beginning_of_the_subset(shards, tmp_path, rows):
    build(shards, tmp_path / "all.h5")
    target, text = tmp_path / "first.h5", tmp_path / "first.tsv"
    assert concatenate_embeddings(shards["h5"], shards["json"], target, DEFINITION, rows=rows) == rows
    assert concatenate_metadata(shards["tsv"], shards["json"], text, DEFINITION, rows=rows) == rows
    data = find_data(target)
    whole = find_data(tmp_path / "all.h5")
    end = data.offset + rows * 8
    assert target.read_bytes()[data.offset :] == (tmp_path / "all.h5").read_bytes()[whole.offset :][: rows * 8]
    assert target.stat().st_size == end
    assert text.read_bytes() == DEFINITION.header() + b"".join(LINES[:rows])
    with hdf5.Product.open(target) as product:
        assert sum(product.parts.values()) == product.rows == rows
        assert list(product.parts.values())[-1] > 0


def test_more_than_there_are(shards, tmp_path):
    for write, kind in ((concatenate_embeddings, "h5"), (concatenate_metadata, "tsv")):
        with pytest.raises(
            ConfigError, match="`rows_per_part_at_least`: found 0 rows in part 0002, expected parts that"
        ):
            write(shards[kind], shards["json"], tmp_path / "x", DEFINITION, rows=10)


def test_a_damaged_shard_of_which_only_the_beginning_is_taken(shards, tmp_path):
    flip(shards["h5"][0], shards["h5"][0].stat().st_size - 1)
    flip(shards["tsv"][0], shards["tsv"][0].stat().st_size - 2)
    for write, kind in ((concatenate_embeddings, "h5"), (concatenate_metadata, "tsv")):
        with pytest.raises(ShardError, match="found XXH3"):
            write(shards[kind], shards["json"], tmp_path / "x", DEFINITION, rows=2)
        assert not (tmp_path / "x").exists()
