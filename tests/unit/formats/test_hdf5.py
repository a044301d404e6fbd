"""The layout of the HDF5 files."""

import errno
import os

import h5py
import numpy as np
import pytest

from laion2b.formats import hdf5


@pytest.mark.parametrize("rows", [0, 1, 5, 5000])
@pytest.mark.parametrize("dimensions", [1, 512, 768])
def test_layout(tmp_path, rows, dimensions):
    path = tmp_path / "x.h5"
    data = np.random.default_rng(1).normal(size=(rows, dimensions)).astype("<f2")
    with hdf5.create(path, rows, dimensions) as output:
        output.write(data.tobytes())
    with h5py.File(path) as file:
        emb = file["emb"]
        assert (emb.shape, emb.dtype.str) == ((rows, dimensions), "<f2")
        assert emb[:].tobytes() == data.tobytes()
        layout = emb.id.get_create_plist().get_layout()
        assert layout == (h5py.h5d.CONTIGUOUS if rows else h5py.h5d.COMPACT)
        assert not emb.attrs
    assert not rows or path.stat().st_size == hdf5.find_data(path).offset + data.nbytes
    if rows:
        assert hdf5.find_data(path).offset % hdf5.PAGE == 0
        mapped = np.memmap(path, "<f2", "r", hdf5.find_data(path).offset, data.shape)
        assert mapped.tobytes() == data.tobytes()


@pytest.mark.parametrize("parts", [1, 111, 2314])
def test_rows_of_each_part_are_attributes_before_the_data(tmp_path, parts):
    path = tmp_path / "x.h5"
    rows = {f"{part:04d}": part % 3 for part in range(parts)}
    with hdf5.create(path, sum(rows.values()) + 1, 4, list(rows.items())):
        pass
    with h5py.File(path) as file:
        assert file["emb"].attrs["parts"].tolist() == list(range(parts))
        assert file["emb"].attrs["rows"].tolist() == list(rows.values())
    matrix = hdf5.find_data(path)
    assert matrix.offset % hdf5.PAGE == 0
    assert path.stat().st_size == matrix.offset + matrix.size


def test_old_superblock_and_no_user_block_as_jld2_wants(tmp_path):
    with hdf5.create(tmp_path / "x.h5", 10, 4):
        pass
    assert (tmp_path / "x.h5").read_bytes()[:9] == b"\x89HDF\r\n\x1a\n\0"


def test_nothing_varies(tmp_path, monkeypatch):
    files = []
    for number in range(2):
        monkeypatch.setenv("TZ", f"UTC{number}")
        with hdf5.create(tmp_path / f"{number}.h5", 10, 4):
            pass
        os.utime(tmp_path / f"{number}.h5", (number, number))
        files.append((tmp_path / f"{number}.h5").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("number", [errno.EBADF, errno.EOPNOTSUPP])
def test_a_file_system_without_allocation(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with hdf5.create(tmp_path / "x.h5", 3, 4) as output:
        output.write(b"x" * 24)
    assert hdf5.find_data(tmp_path / "x.h5").rows == 3
