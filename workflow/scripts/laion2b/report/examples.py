"""Draw some rows and find the rows near them. Their captions show whether rows and captions are in step."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import xxhash

from laion2b.errors import ShardError
from laion2b.formats.emb import H5_ERRORS

from .sample import opened, spread

EXAMPLES, NEAR = 10, 3
"""Rows or queries that are drawn, and the near rows of each."""
RUNS, RUN = 200, 20
"""Runs of neighbouring rows, and rows of each, that are read: a disk finds them faster than as many single rows."""


@dataclass(frozen=True)
class Drawn:
    """A row, or a query, and the rows near it."""

    number: int
    near: list[tuple[int, float]]
    """The number of each near row, from 0, and its distance, the nearest first."""


@dataclass(frozen=True)
class Draw:
    """All examples. The same files give the same ones."""

    of_queries: bool
    """Whether the numbers are those of queries of a gold standard, and not of rows."""
    sampled: int
    """Rows in which near ones were looked for; 0 if they are of a gold standard."""
    drawn: list[Drawn]

    def rows(self) -> np.ndarray:
        """Return the numbers of all rows whose captions are needed, ascending, shape (n,)."""
        numbers = {row for each in self.drawn for row, _ in each.near}
        if not self.of_queries:
            numbers |= {each.number for each in self.drawn}
        return np.array(sorted(numbers), int)


NOTHING = Draw(False, 0, [])


def of_sample(product: Path) -> Draw:
    """Draw rows of a product, with the nearest by the cosine among a sample of it.

    Rows that are all zero or not finite are left out. Raises ShardError if the product can't be read.
    """
    with opened(product) as matrix:
        runs = spread(len(matrix), RUNS, RUN)
        numbers = np.array([row for run in runs for row in run], int)
        blocks = [matrix[run.start : run.stop] for run in runs]
        halves = np.concatenate([np.empty((0, matrix.shape[1]), "<f2"), *blocks])
    seed = xxhash.xxh3_64_intdigest(halves)
    rows = halves.astype(np.float32)
    sound = np.isfinite(rows).all(axis=1) & rows.any(axis=1)
    numbers, rows = numbers[sound], rows[sound]
    if len(rows) < 2:
        return NOTHING
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chosen = np.sort(_choice(seed, len(rows)))
    distances = 1 - rows[chosen] @ rows.T
    distances[np.arange(len(chosen)), chosen] = np.inf  # no row is near itself
    order = np.argsort(distances, axis=1, kind="stable")[:, : min(NEAR, len(rows) - 1)]
    drawn = [
        Drawn(int(numbers[row]), [(int(numbers[each]), float(mine[each])) for each in near])
        for row, mine, near in zip(chosen, distances, order, strict=True)
    ]
    return Draw(False, len(rows), drawn)


def of_gold(gold: Path, rows: int) -> Draw:
    """Draw queries of the gold standard of a product of `rows` rows, with their nearest rows.

    A gold standard of another number of rows gives none. Raises ShardError if it can't be read.
    """
    try:
        with h5py.File(gold, "r", locking=False) as file:
            if file.attrs["rows"] != rows or not len(file["knns"]):
                return NOTHING
            seed = xxhash.xxh3_64_intdigest(file["knns"][:])
            chosen = np.sort(_choice(seed, len(file["knns"])))
            ids, distances = file["knns"][chosen, : NEAR + 1], file["dists64"][chosen, : NEAR + 1]
    except H5_ERRORS as error:
        cause = "the file was damaged or replaced after it was written"
        raise ShardError.unfit(gold, f"a file that can't be read ({error})", "a gold standard", cause) from None
    near = [list(zip((mine - 1).tolist(), its.tolist(), strict=True)) for mine, its in zip(ids, distances, strict=True)]
    return Draw(True, 0, [Drawn(int(query), its) for query, its in zip(chosen, near, strict=True)])


def _choice(seed: int, among: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(among, min(EXAMPLES, among), replace=False)
