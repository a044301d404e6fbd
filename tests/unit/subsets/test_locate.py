"""The part, and the row of it, that a row of a subset comes from."""

import pytest

from laion2b.errors import ShardError
from laion2b.formats import hdf5
from laion2b.subsets import locate
from tests.support.shards import DEFINITION, PARTS


def test_every_row_is_traced_to_its_part(subset, tmp_path):
    found = []
    with hdf5.Product.open(subset[0][0]) as product:
        for row in range(product.rows):
            place = locate.locate(product, row)
            metadata = tmp_path / f"{place.part}.parquet"
            found.append(
                (place.part, locate.row_in_part(metadata, DEFINITION, place.row_in_shard, product.parts[place.part]))
            )
        with pytest.raises(ShardError, match="There is no row 9. The file has 9 rows"):
            locate.locate(product, 9)
    assert found == [(part, row) for part, tags in PARTS.items() for row, tag in enumerate(tags) if tag != "NSFW"]


def test_a_part_that_does_not_fit(subset, tmp_path):
    with pytest.raises(ShardError, match="found 1 rows that are kept, expected 2, as the subset says"):
        locate.row_in_part(tmp_path / "3.parquet", DEFINITION, 0, 2)


def test_a_file_of_another_program(tmp_path):
    with hdf5.create(tmp_path / "x.h5", 2, 4):
        pass
    with hdf5.Product.open(tmp_path / "x.h5") as product, pytest.raises(ShardError, match="another program wrote it"):
        locate.locate(product, 0)
