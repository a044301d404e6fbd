"""Statistics of embeddings, against plain NumPy in float64; duplicates, against a count of all rows."""

import json
from collections import Counter

import numpy as np
import pytest

from laion2b.duplicates import Duplicates
from laion2b.statistics import EDGES, TOLERANCE, Statistics, squared_norms


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


def test_duplicates_are_estimated_in_bounded_memory():
    random = np.random.default_rng(1)
    names = np.concatenate([np.repeat(np.arange(4000), 3), np.arange(4000, 20_000)])
    rows = random.permutation(names).astype("<i4").view("<f2").reshape(-1, 2)
    exact, bounded = Duplicates(), Duplicates(largest=1000)
    for start in range(0, len(rows), 500):
        exact.add(rows[start : start + 500])
        bounded.add(rows[start : start + 500])
    groups = [count for count in Counter(map(bytes, rows)).values() if count > 1]
    truth = {"classes": 1, "vectors": len(groups), "rows": sum(groups), "largest_group": max(groups)}
    assert exact.result() == truth
    found = bounded.result()
    assert found["classes"] == 32  # 20,000 different rows, of which 1000 are held
    assert found["vectors"] == pytest.approx(4000, rel=0.4)
    assert found["rows"] == 3 * found["vectors"]  # all copies of a vector are seen, or none
    assert found["largest_group"] == 3


def test_a_large_group_is_found_although_its_vector_is_not_followed():
    names = np.concatenate([np.arange(10_000), np.full(947, 123_456), np.arange(10_000, 20_000)])
    for shift in range(20):  # whichever class the hash of the repeated vector falls into
        rows = (names + 1_000_000 * shift).astype("<i4").view("<f2").reshape(-1, 2)
        bounded = Duplicates(largest=1000)
        for start in range(0, len(rows), 500):
            bounded.add(rows[start : start + 500])
        assert bounded.result()["largest_group"] >= 947 // 2  # half of it at least lies in one window
