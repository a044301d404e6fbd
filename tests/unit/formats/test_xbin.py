"""Binary matrices, to the byte."""

import numpy as np
import pytest
from faiss.contrib import vecs_io
from usearch.io import load_matrix

from laion2b.errors import ConfigError
from laion2b.formats import xbin

MATRIX = np.array([[1.5, -2, 65504], [0, 2**-24, 7]], "<f4")


def test_a_header_and_the_numbers(tmp_path):
    xbin.write(tmp_path / "x.f16bin", MATRIX)
    expected = bytes([2, 0, 0, 0, 3, 0, 0, 0]) + MATRIX.astype("<f2").tobytes()
    assert (tmp_path / "x.f16bin").read_bytes() == expected
    assert xbin.size("f16bin", 2, 3) == len(expected)


def test_ids_and_distances_in_one_file(tmp_path):
    ids = np.array([[3, 1], [2, 0]], "<u4")
    xbin.write(tmp_path / "x.bin", ids, MATRIX[:, :2])
    assert (tmp_path / "x.bin").read_bytes() == xbin.header(2, 2) + ids.tobytes() + MATRIX[:, :2].tobytes()


@pytest.mark.parametrize(("kind", "numbers"), [("f16bin", np.float16), ("fbin", np.float32), ("ibin", np.int32)])
def test_usearch_reads_it(tmp_path, kind, numbers):
    matrix = np.arange(15).reshape(5, 3).astype(numbers)
    xbin.write(tmp_path / f"x.{kind}", matrix)
    found = load_matrix(str(tmp_path / f"x.{kind}"), dtype=numbers)
    assert found.dtype == numbers
    assert (found == matrix).all()


def test_faiss_reads_vecs(tmp_path):
    xbin.write(tmp_path / "x.fvecs", MATRIX)
    xbin.write(tmp_path / "x.ivecs", MATRIX.astype(int))
    assert (vecs_io.fvecs_read(tmp_path / "x.fvecs") == MATRIX).all()
    assert (vecs_io.ivecs_read(tmp_path / "x.ivecs") == MATRIX.astype(int)).all()
    assert (tmp_path / "x.fvecs").stat().st_size == xbin.size("fvecs", 2, 3)


def test_more_rows_than_a_header_can_count():
    assert xbin.header(2**32 - 1, 768)[:4] == b"\xff" * 4
    with pytest.raises(ConfigError, match="4,294,967,295 rows at most"):
        xbin.header(2**32, 768)
