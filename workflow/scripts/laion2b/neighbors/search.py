"""Find the nearest rows of one shard for each query, and prove that they are.

A float32 screen finds rows that may be near and bounds how near all others can be; the distances of those found are
computed exactly; where the bound does not rule the others out, the query is searched again with every row that the
bound leaves open. What is returned is the same whatever the screen does within its bound.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import xxhash

from . import exact
from .pool import Pool
from .rows import Rows
from .screen import Queries, Screen

log = logging.getLogger(__name__)

SCREENED = 4096
"""Rows that are screened at a time."""
SCREENED_FIRST = 256
"""Rows that are screened first, and then twice as many each time: as long as little is known, most rows may be near."""
GATHERED = 49_152
"""Rows that are held at a time when those found are compared exactly: of each query, many are then among them."""
CUT = 256
"""Queries that are cut into pieces at a time."""


@dataclass
class Nearest:
    """Of each query, the first rows of the shard in the published order: by float32 distance, then by row."""

    rows: list[np.ndarray]
    distances: list[np.ndarray]
    """float64, exact by the formula."""


@dataclass
class Shard:
    """What is learned of a shard's rows as they are read for the first time."""

    count: int
    squares: np.ndarray
    """Correctly rounded sums of squares, float64; NaN where a row can be nobody's neighbor."""
    not_finite: int = 0
    zero: int = 0
    """Rows that are all zero; under cosine they have no direction."""
    hasher: "xxhash.xxh3_128" = field(default_factory=xxhash.xxh3_128)

    @property
    def candidates(self) -> int:
        """How many rows can be neighbors."""
        return int((~np.isnan(self.squares)).sum())

    def learn(self, first: int, block: np.ndarray, metric: str) -> None:
        """Look at a block of `<f2` rows."""
        self.hasher.update(block)
        squares = exact.squares(block.astype(np.float64))
        finite = np.isfinite(squares)
        self.not_finite += int((~finite).sum())
        self.zero += int((finite & (squares == 0)).sum())
        excluded = ~finite | (squares == 0) if metric == "cosine" else ~finite
        self.squares[first : first + len(block)] = np.where(excluded, np.nan, squares)


def search(
    rows: Rows, queries: Queries, metric: str, kept: int, advance: Callable[[int], object] = lambda _: None
) -> tuple[Nearest, Shard, int]:
    """Return the nearest `kept` rows of each query, what was learned of the shard, and how many queries took two looks.

    Of a shard with fewer rows that can be neighbors, all of them are returned. `advance` is told how many rows were
    looked at: each row twice, once by the screen, and once for exact distances. Raises EngineError if the screen is
    seen to be less precise than its bound.
    """
    shard = Shard(rows.count, np.empty(rows.count))
    screen, pool = Screen(queries, metric), Pool(len(queries), kept)
    worst = np.zeros(len(queries))
    for first, block in rows.blocks(SCREENED, SCREENED_FIRST):
        advance(len(block))
        shard.learn(first, block, metric)
        numbers, block, squares = _usable(shard, first, block)
        worst = np.maximum(worst, screen.errors(squares))
        for found in screen.above(block, squares, pool.thresholds):
            pool.add(found, numbers)
    nearest = _first(rows, queries, screen, shard, pool, kept, advance)
    last = np.array([_last(each, kept) for each in nearest.distances], np.float32)
    proven = pool.thresholds <= screen.farther(last, worst)
    complete = np.array([len(each) for each in nearest.rows], int) == shard.candidates
    again = np.flatnonzero(~proven & ~complete)
    if len(again):
        limits = np.full(len(again), kept)
        more = within(rows, queries.some(again), metric, shard, last[again], limits)
        for number, its_rows, its_distances in zip(again, more.rows, more.distances, strict=True):
            nearest.rows[number], nearest.distances[number] = its_rows, its_distances
    return nearest, shard, len(again)


def _last(distances: np.ndarray, kept: int) -> np.float32:
    return exact.single(distances[-1:])[0] if len(distances) == kept else np.float32(np.inf)


def within(rows: Rows, queries: Queries, metric: str, shard: Shard, most: np.ndarray, limits: np.ndarray) -> Nearest:
    """Return all rows whose float32 distance is `most` or less, but no more than a limit for each query.

    `most` are float32, (queries,). Every row that the screen leaves open is compared exactly, however many there are.
    Raises EngineError as `search` does.
    """
    screen, most = Screen(queries, metric), most.copy()
    nearest = Nearest([np.empty(0, np.uint32)] * len(queries), [np.empty(0)] * len(queries))
    for first, block in rows.blocks(SCREENED):
        numbers, block, squares = _usable(shard, first, block)
        if not len(block):
            continue
        bits = exact.piece_bits(squares.max(), rows.dimensions)
        thresholds = screen.farther(most, screen.errors(squares))
        for found in screen.above(block, squares, thresholds):
            for number, its in _runs(found.query):
                places = found.row[its]
                pieces = exact.cut(queries.vectors[number : number + 1], bits)
                dots = exact.dots(block, places, [len(places)], pieces)
                screen.check(rows.path, found.query[its], found.score[its], dots, squares[places])
                distances = exact.distances(metric, dots, queries.squares[number], squares[places])
                near = exact.single(distances) <= most[number]
                _merge(nearest, number, numbers[places[near]], distances[near], limits[number])
                if len(nearest.rows[number]) == limits[number]:
                    most[number] = exact.single(nearest.distances[number][-1:])[0]
    return nearest


def _usable(shard: Shard, first: int, block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the numbers, the numbers' rows and the sums of squares of those rows of a block that can be neighbors."""
    squares = shard.squares[first : first + len(block)]
    usable = np.flatnonzero(~np.isnan(squares))
    if len(usable) < len(block):
        block, squares = block[usable], squares[usable]
    return first + usable, block, squares


def _runs(values: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Yield each value of an array in which equal ones are neighbors, and where they are."""
    if not len(values):
        return
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        yield int(values[start]), slice(start, end)


def _merge(nearest: Nearest, number: int, rows: np.ndarray, distances: np.ndarray, limit: int) -> None:
    rows = np.concatenate([nearest.rows[number], rows.astype(np.uint32)])
    distances = np.concatenate([nearest.distances[number], distances])
    order = np.argsort(exact.sort_keys(distances, rows))[:limit]
    nearest.rows[number], nearest.distances[number] = rows[order], distances[order]


def _first(
    rows: Rows, queries: Queries, screen: Screen, shard: Shard, pool: Pool, kept: int,
    advance: Callable[[int], object],
) -> Nearest:  # fmt: skip
    """Return the first `kept` of each query's rows in the pool."""
    candidates, scores = pool.rows(rows.count)
    distances = np.full(candidates.shape, np.nan)
    narrow = np.empty((min(GATHERED, rows.count), rows.dimensions), np.float32)
    for first, block in rows.blocks(GATHERED):
        advance(len(block))
        squares = shard.squares[first : first + len(block)]
        if np.isnan(squares).all():
            continue
        bits = exact.piece_bits(np.nanmax(squares), rows.dimensions)
        narrow[: len(block)] = block  # once for all queries: a row is near to many
        begin, end = ((candidates < edge).sum(axis=1) for edge in (first, first + len(block)))
        for cut in range(0, len(queries), CUT):
            group = np.s_[cut : cut + CUT]
            counts = end[group] - begin[group]
            query = cut + np.repeat(np.arange(len(counts)), counts)
            column = np.arange(len(query)) + np.repeat(begin[group] - (np.cumsum(counts) - counts), counts)
            places = candidates[query, column] - np.uint32(first)
            dots = exact.dots(narrow, places, counts, exact.cut(queries.vectors[group], bits))
            its_squares = squares[places]
            screen.check(rows.path, query, scores[query, column], dots, its_squares)
            distances[query, column] = exact.distances(screen.metric, dots, queries.squares[query], its_squares)
    nearest = Nearest([], [])
    for line, known in zip(candidates, distances, strict=True):
        line, known = line[line < rows.count], known[: int((line < rows.count).sum())]
        order = np.argsort(exact.sort_keys(known, line))[:kept]
        nearest.rows.append(line[order])
        nearest.distances.append(known[order])
    return nearest
