"""Which rows are drawn, and which are near them."""

import h5py
import numpy as np
import pytest

from laion2b.errors import ShardError
from laion2b.neighbors import gold as layout
from laion2b.report import examples


def product(folder, matrix):
    path = folder / "laion2B-1.h5"
    with h5py.File(path, "w") as file:
        file["emb"] = matrix.astype("<f2")
    return path


def test_near_rows_are_the_nearest_of_the_sample(tmp_path):
    matrix = np.random.default_rng(0).standard_normal((300, 16)).astype("<f2")
    matrix[7], matrix[8, 2] = 0, np.nan
    path = product(tmp_path, matrix)
    draw = examples.of_sample(path)
    assert draw == examples.of_sample(path)
    assert draw.sampled == 298
    assert len({each.number for each in draw.drawn}) == examples.EXAMPLES
    rows = matrix.astype(float)
    rows[8] = 1
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    for each in draw.drawn:
        distances = {row: 1 - rows[each.number] @ rows[row] for row in range(300) if row not in (7, 8, each.number)}
        nearest = sorted(distances, key=distances.get)[: examples.NEAR]
        assert [row for row, _ in each.near] == nearest
        assert [distance for _, distance in each.near] == pytest.approx([distances[row] for row in nearest], abs=1e-5)
    wanted = draw.rows().tolist()
    assert wanted == sorted({each.number for each in draw.drawn} | {row for each in draw.drawn for row, _ in each.near})


@pytest.mark.parametrize(("rows", "drawn", "near"), [(0, 0, 0), (1, 0, 0), (2, 2, 1), (3, 3, 2)])
def test_small_products(tmp_path, rows, drawn, near):
    found = examples.of_sample(product(tmp_path, np.eye(3, 8)[:rows])).drawn
    assert len(found) == drawn
    assert all(len(each.near) == near for each in found)


def test_neighbors_of_queries_are_those_of_the_gold_standard(tmp_path):
    path = tmp_path / "gold-1.h5"
    with layout.create(path, 4, layout.attributes("cosine", 2, 50, "hash", 0, 0)) as file:
        file["knns"][:] = [[1, 50], [2, 3], [4, 5], [6, 7]]
        file["dists64"][:] = [[0.1, 0.2]] * 4
    draw = examples.of_gold(path, 50)
    assert [each.number for each in draw.drawn] == [0, 1, 2, 3]
    assert draw.drawn[0].near == [(0, 0.1), (49, 0.2)]
    assert draw.rows().tolist() == [0, 1, 2, 3, 4, 5, 6, 49]
    assert examples.of_gold(path, 51) == examples.NOTHING
    path.write_bytes(b"nothing")
    with pytest.raises(ShardError, match=r"gold-1\.h5: found a file that can't be read"):
        examples.of_gold(path, 50)
