"""What a gold standard must hold, computed slowly and plainly in whole numbers, and rows and queries made to be nasty."""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from laion2b.formats import hdf5

STEP = 149
"""All numbers of float32, and of float16, are multiples of 2^-149."""


def rounded(value: Fraction) -> float:
    """Return a fraction rounded once to float64, which Python's division of integers does."""
    return value.numerator / value.denominator


def whole(vector: np.ndarray) -> list[int]:
    """Return the numbers of a vector as whole multiples of the step."""
    return [int(number) for number in (vector.astype(np.float64) * 2.0**STEP).tolist()]


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """Return the exact dot product, rounded once."""
    return rounded(Fraction(sum(x * y for x, y in zip(whole(a), whole(b), strict=True)), 2 ** (2 * STEP)))


def distance(metric: str, query: np.ndarray, row: np.ndarray) -> float | None:
    """Return the float64 distance of a float32 query and a float16 row, or None if the row can't be a neighbor."""
    if not np.isfinite(row).all() or (metric == "cosine" and not row.any()):
        return None
    if metric == "dot":
        return 1 - dot(query, row)
    return 1 - dot(query, row) / math.sqrt(dot(query, query) * dot(row, row))


def ranking(metric: str, query: np.ndarray, rows: np.ndarray) -> list[tuple[float, int, float]]:
    """Return (float32 distance, row, float64 distance) of all rows that can be neighbors, in the published order."""
    known: dict[bytes, float | None] = {}
    ranked = []
    with np.errstate(over="ignore"):
        for number, row in enumerate(rows):
            key = row.tobytes()
            if key not in known:
                known[key] = distance(metric, query, row)
            if known[key] is not None:
                ranked.append((float(np.float32(known[key])), number, known[key]))
    return sorted(ranked)


def tied(ranked: Sequence[tuple[float, int, float]], k: int) -> tuple[int, int]:
    """Return the ranks, from 1, of the first and the last of those as near as rank k."""
    places = [rank for rank, each in enumerate(ranked, 1) if each[0] == ranked[k - 1][0]]
    return places[0], min(places[-1], k + 1000)


def nasty(seed: int, rows: int, dimensions: int) -> np.ndarray:
    """Return float16 rows: duplicates, neighbors that differ in one bit, multiples, denormals, huge ones, odd ones."""
    random = np.random.default_rng(seed)
    matrix = random.standard_normal((rows, dimensions)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix = matrix.astype(np.float16)
    with np.errstate(over="ignore", invalid="ignore"):
        for number in range(1, rows):
            _spoil(matrix, number, random)
    for number, value in zip(random.integers(rows, size=4), (0, np.nan, np.inf, -0.0), strict=True):
        if value == 0:
            matrix[number] = value
        else:
            matrix[number, random.integers(dimensions)] = value
    return matrix


def _spoil(matrix: np.ndarray, number: int, random: np.random.Generator) -> None:
    """Make a row follow from an earlier one, or leave it as it is."""
    dimensions = matrix.shape[1]
    other = int(random.integers(number))
    match int(random.integers(14)):
        case 0 | 1:
            matrix[number] = matrix[other]
        case 2 | 3:
            matrix[number] = matrix[other]
            matrix.view(np.uint16)[number, random.integers(dimensions)] ^= 1
        case 4:
            matrix[number] = matrix[other] * np.float16(2)
        case 5:
            matrix[number] = matrix[other] * np.float16(0.7)
        case 6:
            matrix[number] = matrix[other] * np.float16(2.0**-14)  # denormals
        case 7:
            matrix[number] = np.clip(matrix[other].astype(np.float32) * 3e4, -65504, 65504)
        case 8:
            matrix[number] = 0
            matrix[number, random.integers(dimensions)] = 2.0**-24
        case 9:
            matrix[number] = -matrix[other]


def nasty_queries(seed: int, rows: np.ndarray, count: int) -> np.ndarray:
    """Return finite float32 queries, not zero: some are rows, some nearly, some tiny, huge, or with numbers of all sizes."""
    random = np.random.default_rng([seed, 1])
    usable = rows[np.isfinite(rows).all(axis=1) & rows.any(axis=1)].astype(np.float32)
    queries = random.standard_normal((count, rows.shape[1])).astype(np.float32)
    for number in range(count):
        row = usable[random.integers(len(usable))] if len(usable) else queries[number]
        match number % 8:
            case 1 | 2:
                queries[number] = row
            case 3:
                queries[number] = row
                queries.view(np.uint32)[number, random.integers(rows.shape[1])] ^= 1
            case 4:
                queries[number] = row * np.float32(2.0**-120)
            case 5:
                queries[number] *= np.float32(2.0 ** random.integers(60, 120))
            case 6:
                queries[number] *= np.exp2(random.integers(-140, 20, rows.shape[1])).astype(np.float32)
            case 7:
                queries[number] = row + queries[number] * np.float32(1e-7)
    queries[~queries.any(axis=1)] = 1
    return queries


def write_shard(path: Path, rows: np.ndarray) -> Path:
    """Write rows as a shard, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with hdf5.create(path, *rows.shape) as output:
        output.write(rows.tobytes())
    return path
