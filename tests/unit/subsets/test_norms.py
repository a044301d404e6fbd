"""Statistics of embeddings, against plain NumPy in float64."""

import json

import numpy as np
import pytest

from laion2b.subsets.norms import EDGES, TOLERANCE, Statistics, squared_norms


@pytest.fixture(scope="module")
def rows():
    """Return 3,000 unit rows, some of which are odd, as float16."""
    random = np.random.default_rng(0)
    matrix = random.standard_normal((3000, 768))
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[10], matrix[1999] = 0, -0.0
    matrix[20] *= 1.1
    matrix[30] *= 0.9
    matrix[40, 5], matrix[41, 6], matrix[42, 7] = np.nan, np.inf, -np.inf
    matrix[51] = 2.0**-24
    matrix[100:1047] = matrix[100]
    matrix[2000:2003] = matrix[2000]
    return matrix.astype("<f2")


def counted(rows, *, at_once=1000):
    statistics = Statistics()
    for start in range(0, len(rows), at_once):
        statistics.add(rows[start : start + at_once])
    return statistics.result()


def test_counts_are_those_of_numpy(rows):
    norms = np.linalg.norm(rows.astype(np.float64), axis=1)
    deviation = norms[np.isfinite(norms) & (norms > 0)] - 1
    found = counted(rows)
    assert (found["rows"], found["zero"], found["not_finite"]) == (3000, 2, 3)
    assert found["unusual"] == (np.abs(deviation) > TOLERANCE).sum() == 3
    assert found["norms"]["below"], found["norms"]["above"] == (2, 1)
    expected, _ = np.histogram(deviation, EDGES)
    # A norm that lies on an edge, but for the last bit, may fall on either side of it; groups of equal rows fall together.
    assert sum(found["norms"]["counts"]) == expected.sum() == 3000 - 2 - 3 - 3
    assert np.abs(np.array(found["norms"]["counts"]) - expected).sum() <= 60
    assert found["duplicates"] == {"classes": 1, "vectors": 2, "rows": 950, "largest_group": 947}


def test_blocks_of_any_size_give_the_same(rows):
    assert counted(rows, at_once=7) == counted(rows, at_once=3000)


def test_the_result_is_json(rows):
    assert json.loads(json.dumps(counted(rows))) == counted(rows)
    assert counted(rows[:0])["rows"] == 0


def test_every_float16_is_squared_right():
    numbers = np.arange(2**16, dtype=np.uint16).view("<f2").reshape(-1, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        expected = numbers.astype(np.float64) ** 2
    expected[~np.isfinite(expected)] = np.inf
    np.testing.assert_array_equal(squared_norms(numbers), expected[:, 0].astype(np.float32))


@pytest.mark.parametrize(
    "block",
    [np.zeros((2, 3), np.float32), np.zeros(3, "<f2"), np.zeros((4, 3), "<f2").T],
    ids=["type", "shape", "order"],
)
def test_other_arrays_are_refused(block):
    with pytest.raises(ValueError, match="C-contiguous rows of float16"):
        Statistics().add(block)
