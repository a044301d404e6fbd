"""What the block about gold standards says."""

import numpy as np
import pytest

from laion2b.errors import ShardError
from laion2b.neighbors import gold as layout
from laion2b.report.about_gold import gold
from laion2b.report.gather import Rule


def write(path, distances, tied_last, metric="cosine"):
    queries, k = distances.shape
    with layout.create(path, queries, layout.attributes(metric, k, 5000, "hash", 0, 0)) as file:
        file["dists64"][:] = distances
        file["tied_last"][:] = tied_last
    return path


def test_distances_ties_and_time(tmp_path):
    distances = np.sort(np.random.default_rng(1).random((40, 20)), axis=1)
    distances[:3, 0] = 1e-12
    path = write(tmp_path / "gold-11.h5", distances, np.where(np.arange(40) < 7, 22, 20))
    block = gold({11: path}, [Rule("search", [50.0, 40.0], None), Rule("filter", [1000.0], None)])
    assert block.text[:4] == [
        "gold-11.h5: 40 queries, 20 neighbors each in 5,000 rows, by cosine.",
        "Of 7 queries (17.50%), further rows are as near as the last neighbor, at most 2.",
        "3 queries have a row with the same direction (distance 0).",
        "Search and merge took 1 min 30 s in 2 jobs.",
    ]
    assert [row[1] for row in block.table.rows] == ["1", "10", "20"]
    assert block.table.rows[1][3] == f"{np.median(distances[:, 9]):.4f}"
    text = " ".join(gold({11: write(path, distances, 20, "dot")}, []).text)
    assert "No query has a tie at its last neighbor." in text
    assert "same direction" not in text
    assert "took" not in text


def test_none_and_damaged_ones(tmp_path):
    assert gold({}, []).table is None
    (tmp_path / "gold-1.h5").write_bytes(b"nothing")
    with pytest.raises(ShardError, match=r"gold-1\.h5: found a file that can't be read"):
        gold({1: tmp_path / "gold-1.h5"}, [])
