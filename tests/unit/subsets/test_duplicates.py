"""Equal rows, found in bounded memory, against a count of all rows."""

from collections import Counter

import numpy as np
import pytest

from laion2b.subsets.duplicates import Duplicates


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
