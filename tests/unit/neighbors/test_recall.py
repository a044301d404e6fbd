"""Recall by ids and with ties credited, and results that can't be compared."""

import h5py
import numpy as np
import pytest

from laion2b.errors import ConfigError
from laion2b.neighbors.recall import recall

TRUE = np.array([[1, 2, 3, 4, 5], [9, 8, 7, 6, 5], [20, 21, 22, 23, 24]])
DISTANCES = np.array([[0, 1, 2, 3, 4], [0, 1, 1, 1, 2], [0, 1, 1, 1, 1]], np.float32)


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.h5"
    with h5py.File(path, "w") as file:
        file["knns"], file["dists"] = TRUE.astype(np.int32), DISTANCES
        file["tied_last"] = np.array([5, 5, 9], np.int32)
    return path


def write(path, ids):
    ids = np.asarray(ids)
    if path.suffix == ".npy":
        np.save(path, ids)
    elif path.suffix == ".ibin":
        path.write_bytes(np.array(ids.shape, "<u4").tobytes() + ids.astype("<i4").tobytes())
    else:
        with h5py.File(path, "w") as file:
            file["knns"] = ids
    return path


@pytest.mark.parametrize("ending", [".h5", ".npy", ".ibin"])
def test_ids_and_ties(tmp_path, gold, ending):
    ids = [[1, 2, 99, 4], [9, 6, 7, 98], [24, 23, 22, 20]]
    found = recall(write(tmp_path / f"result{ending}", ids), gold, 3, None)
    assert found.by_ids.tolist() == [2 / 3, 2 / 3, 1 / 3]
    assert found.with_ties.tolist() == [2 / 3, 1, 1]
    assert found.content()["recall"] == pytest.approx(5 / 9)
    assert "recall@3: 0.55556 by ids" in found.text()
    assert not found.warnings
    assert recall(tmp_path / f"result{ending}", gold, 1, None).by_ids.tolist() == [1, 1, 0]


def test_a_perfect_result(tmp_path, gold):
    found = recall(write(tmp_path / "r.npy", TRUE), gold, 5, None)
    assert found.content()["queries_with_all"] == 3
    assert found.warnings == [f"1 queries have ties beyond rank 5, whose ids {gold} does not hold: not credited."]


def test_ids_from_zero(tmp_path, gold):
    path = write(tmp_path / "r.npy", TRUE - 1)
    with pytest.raises(ConfigError, match="holds the id 0, .* say --ids-from 0"):
        recall(path, gold, 5, None)
    assert recall(path, gold, 5, 0).by_ids.tolist() == [1, 1, 1]
    others = write(tmp_path / "s.npy", np.where(TRUE == 1, 50, TRUE - 1))
    assert "With 1 added to all ids, the recall would be 0.66667" in recall(others, gold, 1, None).warnings[0]


def test_ids_of_no_row(tmp_path, gold):
    with h5py.File(gold, "a") as file:
        file.attrs["rows"] = 60
    path = write(tmp_path / "r.npy", TRUE + 1000)
    (warning,) = recall(path, gold, 1, None).warnings
    assert warning == f"3 queries have ids beyond the 60 rows of {gold}. Is it about another subset?"


def test_files_that_are_not_there(tmp_path, gold):
    result = write(tmp_path / "r.npy", TRUE)
    for pair in ((result, tmp_path / "gold-1.h5"), (tmp_path / "no.npy", gold)):
        with pytest.raises(ConfigError, match=r"(gold-1\.h5|no\.npy) does not exist. What to do: correct the path"):
            recall(*pair, 1, None)


def test_repeated_ids_count_once(tmp_path, gold):
    found = recall(write(tmp_path / "r.npy", [[1, 1, 1]] * 3), gold, 3, None)
    assert found.by_ids.tolist() == [1 / 3, 0, 0]
    assert "3 queries have an id more than once" in found.warnings[0]


@pytest.mark.parametrize(
    ("ids", "k", "sentence"),
    [
        (TRUE.T, 3, "found 5 rows, but the gold standard has 3 queries. It looks transposed"),
        (TRUE[:2], 3, "found 2 rows, but the gold standard has 3 queries."),
        (TRUE[:, :2], 3, "found 2 ids for each query, but --k 3 asks for 3"),
        (TRUE, 6, "--k 6: .* holds 5 neighbors"),
        (TRUE, 0, "--k 0: "),
        (TRUE * 1.0, 3, "found float64 of shape"),
        (TRUE[0], 3, "found int64 of shape"),
    ],
)
def test_results_that_do_not_fit(tmp_path, gold, ids, k, sentence):
    with pytest.raises(ConfigError, match=sentence):
        recall(write(tmp_path / "r.npy", ids), gold, k, None)


@pytest.mark.parametrize("name", ["r.npy", "r.ibin", "r.h5"])
def test_results_that_are_none(tmp_path, gold, name):
    path = tmp_path / name
    path.write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="can't be read as a result"):
        recall(path, gold, 3, None)
    with pytest.raises(ConfigError, match="can't be read as a gold standard"):
        recall(write(tmp_path / "s.npy", TRUE), path, 3, None)
