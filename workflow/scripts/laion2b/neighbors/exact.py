"""Distances that are the same on every machine: sums of exact products, rounded once.

A number of float16 is a multiple of 2^-24. A query is cut into pieces, each of which is a multiple of a grid of its own
and so small that every sum of its products with a row, in any order and grouping, fused or not, is a whole number of
grid steps below 2^53. So a float64 matrix product of rows and pieces makes no rounding error at all. The few sums of
the pieces are then added and rounded once. docs/exactness.md has the proof.
"""

import math
from collections.abc import Sequence

import numpy as np

HALF_STEP = 24
"""All numbers of float16 are multiples of 2^-24."""
WHOLE = 53
"""Whole numbers up to 2^53 are exact in float64."""
MOST_BITS = 40
"""More bits for a piece bring nothing: a number of float32 has 24."""
MOST_DIMENSIONS = 4096
"""Up to here a piece has at least one bit, even for rows of the largest numbers of float16."""
PLAIN = 2.0**5
"""Squares of float16 are multiples of 2^-48, so every sum of them up to this is exact in float64."""
COARSE = 2.0**4
"""Numbers of rows with larger sums are split into a multiple of 2^-4 and the rest."""


def piece_bits(most_squares: float, dimensions: int) -> int:
    """Return how many bits a piece may have, for rows whose sums of squares are at most `most_squares`."""
    most_sum = math.sqrt(dimensions * most_squares) * (1 + 2.0**-40)  # of the absolute numbers of a row
    return min(MOST_BITS, WHOLE - HALF_STEP - math.frexp(most_sum)[1])


def cut(queries: np.ndarray, bits: int) -> np.ndarray:
    """Cut queries of shape (n, dimensions), float32, into pieces of so many bits, (n, pieces, dimensions), float64.

    The pieces of a query add up to it exactly. Further pieces of a query that needs fewer than others are zero.
    """
    rest = queries.astype(np.float64)
    exponent = np.frexp(np.abs(rest).max(axis=1, keepdims=True, initial=0))[1]
    pieces = []
    while rest.any():
        exponent = exponent - bits
        grid = np.ldexp(1.0, exponent)
        piece = np.rint(rest / grid) * grid
        rest -= piece
        pieces.append(piece)
    return np.stack(pieces or [rest], axis=1)


def dots(block: np.ndarray, rows: np.ndarray, counts: Sequence[int], pieces: np.ndarray) -> np.ndarray:
    """Return the correctly rounded dot products, (n,), of queries and the rows that each is to be compared with.

    `block`, (m, dimensions), holds numbers of float16 as any float type. `rows` are places in it, (n,): the first
    `counts[0]` are for the first query. `pieces` of the queries are float64, (queries, pieces, dimensions), and must
    have no more bits than `piece_bits` allows for these rows.
    """
    sums, first = np.empty((pieces.shape[1], len(rows))), 0
    for its_pieces, count in zip(pieces, counts, strict=True):
        its = np.s_[first : first + count]
        wide = block.take(rows[its], axis=0).astype(np.float64)  # of one query, so that it stays in the CPU's cache
        np.matmul(its_pieces, wide.T, out=sums[:, its])
        first += count
    return rounded_sums(sums)


def squares(rows: np.ndarray) -> np.ndarray:
    """Return the correctly rounded sums of squares of rows, (n, dimensions), of float16 numbers as float64.

    That of a row which is not finite is not finite.
    """
    sums = np.einsum("ij,ij->i", rows, rows)
    large = np.flatnonzero((sums >= PLAIN) & np.isfinite(sums))
    if len(large):
        coarse = np.rint(rows[large] * COARSE) / COARSE
        fine = rows[large] - coarse
        terms = [np.einsum("ij,ij->i", *pair) for pair in ((coarse, coarse), (coarse, 2 * fine), (fine, fine))]
        sums[large] = rounded_sums(np.stack(terms))
    return sums


def query_squares(queries: np.ndarray) -> np.ndarray:
    """Return the correctly rounded sums of squares of float32 queries of shape (n, dimensions)."""
    wide = queries.astype(np.float64)
    return np.array([math.fsum(line) for line in (wide * wide).tolist()], np.float64)


def rounded_sums(terms: np.ndarray) -> np.ndarray:
    """Return the sums over the first axis of float64 terms of shape (count, n), each rounded once, to nearest even."""
    high, low, lost = terms[0], np.zeros_like(terms[0]), np.zeros_like(terms[0])
    for term in terms[1:]:
        high, error = _two_sum(high, term)
        low, error = _two_sum(low, error)
        lost = lost + np.abs(error)
    total, rest = _two_sum(high, low)
    if not lost.any():
        return total
    # The exact sum is total + rest, give or take what was lost. Rounding never turns two numbers round, so where both
    # ends of that range round to the total, so does the sum.
    least, most = (np.nextafter(rest + side * 2 * lost, side * np.inf) for side in (-1, 1))
    unsettled = np.flatnonzero((lost > 0) & ((total + least != total) | (total + most != total)))
    total[unsettled] = [math.fsum(column) for column in terms[:, unsettled].T.tolist()]
    return total


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rounded sum, and what rounding lost of it (Knuth)."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def distances(metric: str, dot: np.ndarray, query_square: np.ndarray | float, square: np.ndarray) -> np.ndarray:
    """Return the float64 distances of correctly rounded sums: `1 - dot / sqrt(qq * xx)`, or `1 - dot`."""
    if metric == "dot":
        return 1 - dot
    return 1 - dot / np.sqrt(query_square * square)


def single(distance: np.ndarray) -> np.ndarray:
    """Return distances as float32, by which they are compared. There is only one zero."""
    with np.errstate(over="ignore"):
        return distance.astype(np.float32) + np.float32(0)


def sort_keys(distance: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return uint64 numbers in the published order: by float32 distance, then by row (which is below 2^32)."""
    bits = single(distance).view(np.uint32)
    ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return ordered.astype(np.uint64) << np.uint64(32) | rows.astype(np.uint64)
