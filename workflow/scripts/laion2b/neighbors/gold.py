"""gold-N.h5: the exact nearest neighbors of each query in a subset, as the challenge publishes them, and more."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

TIED_BEYOND = 1000
"""Ties are looked at up to so many ranks beyond k."""
MOST_ROWS = 2**31 - 1
"""An id is an int32."""
FORMULAS = {
    "cosine": "1 - dot / sqrt(qq * xx) in float64; dot, qq and xx are exact sums, each rounded once to float64",
    "dot": "1 - dot in float64; dot is an exact sum, rounded once to float64",
}
DATASETS = {"knns": "<i4", "dists": "<f4", "dists64": "<f8"}
"""Of shape (queries, k)."""
TIES = {"tied_first": "<i4", "tied_last": "<i4"}
"""Of shape (queries,)."""


def attributes(metric: str, k: int, rows: int, queries_xxh3: str, not_finite: int, zero: int) -> dict:
    """Return the attributes of a gold standard."""
    return {
        "metric": metric,
        "k": k,
        "rows": rows,
        "ids": "from 1",
        "order": "by dists, which are dists64 rounded to float32, then by id",
        "definition": FORMULAS[metric],
        "queries_xxh3": queries_xxh3,
        "not_finite_rows": not_finite,
        "zero_rows": zero,
        "excluded": "rows that are not finite" + (", and rows that are all zero" if metric == "cosine" else ""),
        "tied": "ranks, from 1, of the first and the last neighbor with the float32 distance of rank k",
        "tied_up_to_rank": k + TIED_BEYOND,
    }


@contextmanager
def create(path: Path, queries: int, about: Mapping) -> Iterator[h5py.File]:
    """Yield a new file with attributes and empty datasets. Nothing in it depends on time or machine."""
    with h5py.File(path, "w", locking=False) as file:
        for name, value in about.items():
            file.attrs[name] = value
        for name, kind in DATASETS.items():
            file.create_dataset(name, (queries, about["k"]), np.dtype(kind))
        for name, kind in TIES.items():
            file.create_dataset(name, (queries,), np.dtype(kind))
        yield file
