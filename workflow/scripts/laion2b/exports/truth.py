"""The queries of a gold standard and their nearest rows, with ids from 0, as all consumers but the challenge count."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from laion2b.errors import ConfigError, ShardError
from laion2b.formats.emb import H5_ERRORS
from laion2b.neighbors import queries

K = 100
"""Neighbors of each query in an export, as consumers expect. gold-N.h5 may hold more."""


@dataclass(frozen=True)
class Truth:
    """Float32 queries (n, dimensions), ids of their nearest rows from 0, int32 (n, k), and float32 distances."""

    queries: np.ndarray
    ids: np.ndarray
    distances: np.ndarray
    metric: str
    rows: int
    """Of the subset."""

    @property
    def k(self) -> int:
        """Neighbors of each query."""
        return self.ids.shape[1]

    def about(self) -> dict[str, str | int]:
        """Return what an export says of itself."""
        return {"ids": "from 0", "metric": self.metric, "k": self.k, "rows": self.rows}


def read(gold: Path, queries_file: Path, rows: int, k: int = K) -> Truth:
    """Return the first `k` neighbors, or as many as there are, of each query.

    Raises ShardError if the two files, or a subset of so many rows, don't belong together.
    """
    vectors = queries.load(queries_file)
    try:
        with h5py.File(gold, "r", locking=False) as file:
            ids, distances = file["knns"][:, :k], file["dists"][:, :k]
            metric, of_rows, of_queries = (file.attrs[name] for name in ("metric", "rows", "queries_xxh3"))
    except H5_ERRORS as error:
        raise ShardError.unfit(
            gold, f"a file that can't be read ({error})", "a gold standard", "it is damaged"
        ) from None
    if of_queries != queries.xxh3(vectors) or of_rows != rows:
        found = f"neighbors among {of_rows:,} rows, for queries with XXH3 {of_queries}"
        expected = f"{rows:,} rows, and {queries.xxh3(vectors)}, as {queries_file} has"
        raise ShardError.unfit(gold, found, expected, "it is of another subset, or for other queries")
    return Truth(vectors, ids - np.int32(1), distances, str(metric), int(of_rows))


def check_cosine(metric: str, name: str) -> None:
    """Raise ConfigError unless distances are what this export calls angular or cosine: 1 - cos."""
    if metric != "cosine":
        raise ConfigError(
            f"{name} has distances 1 - cos, but the gold standard is for `metric: {metric}`. Set `metric: cosine`, or "
            "ask for an export that says its metric, such as exports/bigann-N."
        )
