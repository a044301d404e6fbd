"""HDF5 as ann-benchmarks lays it out: `train`, `test`, `neighbors`, `distances`, and attributes that say what they are.

Sources: README of github.com/erikbern/ann-benchmarks; VIBE reads the same with `distance` = `cosine`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from laion2b.files import Output

from . import hdf5
from .emb import KEY

TRAIN = "train"
SINGLE = np.dtype("<f4")
KINDS = {"test": SINGLE, "neighbors": np.dtype("<i4"), "distances": SINGLE}
"""Queries of shape (queries, dimensions), ids of their nearest rows from 0, and distances, both (queries, k)."""

Truth = Mapping[str, np.ndarray]
"""An array for each of these names."""


def _begin(file: h5py.File, truth: Truth, about: Mapping) -> None:
    for name, value in about.items():
        file.attrs[name] = value
    for name, kind in KINDS.items():
        file.create_dataset(name, data=truth[name].astype(kind))


def attributes(distance: str, dimensions: int) -> dict:
    """Return the four attributes that consumers read. `distance` is angular (ann-benchmarks) or cosine (VIBE)."""
    return {"type": "dense", "distance": distance, "dimension": dimensions, "point_type": "float"}


@contextmanager
def create(path: Path, rows: int, truth: Truth, about: Mapping) -> Iterator[Output]:
    """Write all but `train`, and yield an output for its float32 numbers, of shape (rows, dimensions of `test`)."""
    shape = rows, truth["test"].shape[1]
    size = shape[0] * shape[1] * SINGLE.itemsize
    with hdf5.new_file(path, size) as file:
        _begin(file, truth, about)
        offset = hdf5.place(hdf5.lay_out(file, TRAIN, shape, h5py.h5t.IEEE_F32LE))
    with hdf5.written_past(path, offset, size) as output:
        yield output


def create_view(path: Path, source: str, rows: int, truth: Truth, about: Mapping) -> None:
    """Write all, with a virtual `train`: float32 that HDF5 converts from the float16 of a product when it is read.

    `source` is the path of the product from the folder in which the file will lie. If it is missing, HDF5 shows NaN.
    """
    shape = rows, truth["test"].shape[1]
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_obj_track_times(False)
    layout.set_fill_value(np.array(np.nan, SINGLE))
    space = h5py.h5s.create_simple(shape)
    if rows:
        layout.set_virtual(space, source.encode(), KEY.encode(), h5py.h5s.create_simple(shape))
    with h5py.File(path, "w", locking=False) as file:
        _begin(file, truth, about)
        h5py.h5d.create(file.id, TRAIN.encode(), h5py.h5t.IEEE_F32LE, space, layout)
