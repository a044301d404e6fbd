"""A float32 matrix product that finds the rows which may be near a query, and proves that all others are not.

This is the one seam for another engine, such as a GPU: a block of rows and a threshold for each query in, the pairs
whose score is above it out, and a bound on how far a score may be from the exact one. The bound must be proven for what
the engine does; docs/exactness.md has the proof of this one. What is compared exactly shows whether it is kept. Nothing
that is written depends on the scores themselves.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from laion2b.errors import EngineError, explain

from . import exact

UNIT = 2.0**-24
"""Half the distance from 1 to the next float32: the most that one rounding errs, relatively."""
SLACK = 4 * UNIT
"""Covers what else errs: a row's numbers are rounded twice when divided by its norm, and the smallest count as zero."""
SMALLEST = 2.0**-60
"""Numbers of a query, as scaled here, that are smaller count as zero, so that nothing gets near underflow."""
FORMULA = 2.0**-49
"""More than the roundings of the formula of a distance add up to, relatively to the larger of 1 and the distance."""
QUERIES_AT_ONCE = 1024
"""Queries whose scores are held at a time: with a block of rows, they fit into the CPU's last cache."""
NOT_ABOVE = int.from_bytes(b"\1" * 8, sys.byteorder)
"""Eight scores, none of which is above its threshold, as the comparison notes them."""


@dataclass(frozen=True)
class Queries:
    """Queries: `vectors` of shape (n, dimensions), float32, and their correctly rounded sums of squares."""

    vectors: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> "Queries":
        """Return finite float32 vectors with their sums of squares."""
        return cls(vectors, exact.query_squares(vectors))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.vectors)

    def some(self, numbers: np.ndarray) -> "Queries":
        """Return those with these numbers."""
        return Queries(self.vectors[numbers], self.squares[numbers])


@dataclass(frozen=True)
class Found:
    """Pairs that a screen could not rule out, in the order of the queries, then of the rows."""

    query: np.ndarray
    row: np.ndarray
    """Rows of the block, from 0."""
    score: np.ndarray


class Screen:
    """Scores queries of shape (n, dimensions) with blocks of rows; higher is nearer."""

    def __init__(self, queries: Queries, metric: str) -> None:
        self.metric = metric
        self._norms, self._exponents = np.frexp(np.sqrt(queries.squares))  # scaled norms are in [0.5, 1), or 0
        scaled = np.ldexp(queries.vectors.astype(np.float64), -self._exponents[:, None])
        scaled[np.abs(scaled) < SMALLEST] = 0
        self._matrix = scaled.astype(np.float32)  # exact: 24 bits, and far from underflow
        self._scores, self._ruled_out = np.empty(0, np.float32), np.empty(0, bool)  # memory that is used again
        dimensions = self._matrix.shape[1]
        self._relative_error = dimensions * UNIT / (1 - dimensions * UNIT) + SLACK

    def errors(self, squares: np.ndarray) -> np.ndarray:
        """Return, for each query, how far the score of a row with one of these sums of squares may be from exact."""
        return self._norms * self._error(squares.max(initial=0))

    def _error(self, squares: np.ndarray) -> np.ndarray:
        """Return how far the scores of rows may be from exact, for queries of norm 1."""
        lengths = np.ones_like(squares) if self.metric == "cosine" else np.sqrt(squares)
        return lengths * (self._relative_error * (1 + 2.0**-20))

    def check(self, path: object, query: np.ndarray, scores: np.ndarray, dots: np.ndarray, squares: np.ndarray) -> None:
        """Compare scores of pairs with the exact dot products; `squares` are of the rows, and `path` is their file.

        Raises EngineError if one is farther from exact than its bound: then the product is not as precise as float32.
        That none is does not prove that it is, since rows that were dropped are not looked at.
        """
        exactly = np.ldexp(dots, -self._exponents[query])
        if self.metric == "cosine":
            exactly /= np.sqrt(squares)
        norms = self._norms[query]
        off, most = np.abs(scores - exactly), norms * self._error(squares)
        if (off > most).any():
            worst = np.nanargmax(off - most)
            raise EngineError(
                explain(
                    path,
                    found=f"a product of a row and a query that is off by {off[worst] / norms[worst]:.1e} (of norm 1)",
                    expected=f"{most[worst] / norms[worst]:.1e} at most, as in float32, to prove neighbors",
                    cause="the matrix product (NumPy's BLAS) computes with fewer bits, such as bfloat16",
                    do="install NumPy from PyPI, unset variables that let BLAS compute so, and delete what was made in "
                    "this way: results in `neighbors/`, and drawn queries. Then run the same command again",
                )
            )

    def farther(self, distance: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """Return, for each query, a score such that rows that score as much or less are farther than `distance`.

        Farther means: of a larger float32 distance, so that no such row can even tie. `distance` is float32, (n,).
        """
        beyond = np.nextafter(distance, np.float32(np.inf)).astype(np.float64)
        similarity = 1 - beyond - FORMULA * np.maximum(1, np.abs(beyond))
        if self.metric == "cosine":
            scores = similarity * self._norms - errors
        else:
            scores = np.ldexp(similarity, -self._exponents) - errors
        with np.errstate(over="ignore"):
            rounded = scores.astype(np.float32)
        return np.where(rounded > scores, np.nextafter(rounded, np.float32(-np.inf)), rounded)

    def above(self, rows: np.ndarray, squares: np.ndarray, thresholds: np.ndarray) -> Iterator[Found]:
        """Yield the pairs that don't score as little as their query's threshold, a group of queries at a time.

        `rows` are float16 of shape (n, dimensions), finite, and not zero where they have to have a direction; `squares`
        are their sums of squares; `thresholds` float32, one for each query, are looked at when a group's turn comes.
        """
        block = rows.astype(np.float32)
        if self.metric == "cosine":
            block *= (1 / np.sqrt(squares)).astype(np.float32)[:, None]
        width = -len(block) % 8  # comparisons are looked at eight at a time
        if width:
            block = np.concatenate([block, np.zeros((width, block.shape[1]), np.float32)])
        if self._scores.size < QUERIES_AT_ONCE * len(block):
            self._scores = np.empty(QUERIES_AT_ONCE * len(block), np.float32)
            self._ruled_out = np.empty(QUERIES_AT_ONCE * len(block), bool)
        for first in range(0, len(self._matrix), QUERIES_AT_ONCE):
            group = np.s_[first : first + QUERIES_AT_ONCE]
            shape = len(self._matrix[group]), len(block)
            flat, flags = self._scores[: shape[0] * shape[1]], self._ruled_out[: shape[0] * shape[1]]
            scores = np.matmul(self._matrix[group], block.T, out=flat.reshape(shape))
            ruled_out = np.less_equal(scores, thresholds[group, None], out=flags.reshape(shape))
            if width:
                ruled_out[:, -width:] = True
            words = np.flatnonzero(flags.view(np.uint64) != NOT_ABOVE)
            places = (words[:, None] * 8 + np.arange(8)).ravel()
            places = places[~flags[places]]
            query, row = np.divmod(places, len(block))
            yield Found(query + first, row, flat[places])
