"""What is read of a product's embeddings."""

import json
import os

import h5py
import numpy as np
import pytest

from laion2b.errors import ShardError
from laion2b.report import sample


def product(folder, matrix):
    path = folder / "laion2B-1.h5"
    with h5py.File(path, "w") as file:
        file["emb"] = matrix.astype("<f2")
    return path


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(0, []), (5, [range(0, 3), range(3, 5)]), (6, [range(0, 3), range(3, 6)]), (100, [range(0, 3), range(97, 100)])],
)
def test_runs_are_spread_over_all_rows(rows, expected):
    assert sample.spread(rows, 2, 3) == expected


def test_rows_are_counted_unless_verified(tmp_path):
    path, verified = product(tmp_path, np.eye(5, 8)), tmp_path / "verify-1.json"
    counted = sample.count(path, verified)
    assert (counted.rows, counted.statistics["rows"], counted.is_whole(), counted.is_verified) == (5, 5, True, False)
    verified.write_text(json.dumps({"statistics": {"rows": 3}}))
    assert sample.count(path, verified) == sample.Counted(5, {"rows": 3}, True, path.name)
    os.utime(verified, ns=(0, path.stat().st_mtime_ns - 1))
    assert not sample.count(path, verified).is_verified


def test_large_products_are_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "MOST_ROWS", 8)
    monkeypatch.setattr(sample, "ROWS_AT_ONCE", 4)
    counted = sample.count(product(tmp_path, np.eye(50, 8)), tmp_path / "none")
    assert (counted.rows, counted.statistics["rows"], counted.is_whole()) == (50, 8, False)


def test_a_damaged_product_is_refused_by_name(tmp_path):
    path = tmp_path / "laion2B-1.h5"
    path.write_bytes(b"no HDF5")
    with pytest.raises(ShardError, match=r"laion2B-1\.h5: found a file that can't be read"):
        sample.count(path, tmp_path / "none")
