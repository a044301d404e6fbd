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
    assert sample.count(path, verified) == sample.Counted(5, {"rows": 3}, True)
    os.utime(verified, ns=(0, path.stat().st_mtime_ns - 1))
    assert not sample.count(path, verified).is_verified


def test_large_products_are_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "MOST_ROWS", 8)
    monkeypatch.setattr(sample, "ROWS_AT_ONCE", 4)
    counted = sample.count(product(tmp_path, np.eye(50, 8)), tmp_path / "none")
    assert (counted.rows, counted.statistics["rows"], counted.is_whole()) == (50, 8, False)


def test_principal_components_are_those_of_a_singular_value_decomposition(tmp_path):
    random = np.random.default_rng(0)
    matrix = (random.standard_normal((300, 6)) * [5, 3, 1, 1, 1, 1]).astype("<f2")
    matrix[7], matrix[8, 2] = 0, np.nan
    rows, places, shares = sample.principal_components(product(tmp_path, matrix))
    assert set(range(300)) - set(rows.tolist()) == {7, 8}
    centred = matrix[rows].astype(float) - matrix[rows].astype(float).mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(places), np.abs(left[:, :2] * values[:2]), atol=1e-6)
    np.testing.assert_allclose(shares, values[:2] ** 2 / (values**2).sum())


def test_too_few_rows_have_no_components(tmp_path):
    rows, places, _ = sample.principal_components(product(tmp_path, np.zeros((4, 6))))
    assert (rows.shape, places.shape) == ((0,), (0, 2))


def test_a_damaged_product_is_refused_by_name(tmp_path):
    path = tmp_path / "laion2B-1.h5"
    path.write_bytes(b"no HDF5")
    with pytest.raises(ShardError, match=r"laion2B-1\.h5: found a file that can't be read"):
        sample.count(path, tmp_path / "none")
