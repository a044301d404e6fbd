"""Merge the results of shards to the gold standard of a subset, which is exact or not written.

A shard is complete for a query if it has no other row, or if the farthest row that its result holds is farther, as
float32, than the k-th neighbor: then no row that is not kept can belong to the neighbors, or tie with the last of them.
Pairs of a shard and a query of which neither holds are searched again, and stand in a file of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from laion2b.errors import ConfigError, ShardError
from laion2b.files import appearing

from . import exact, gold
from .definition import Definition
from .results import Result

AT_ONCE = 500
"""Queries that are merged at a time."""
NOTHING = np.uint64(2**64 - 1)
"""A sort key after all others."""
EMPTY = np.empty(0, np.uint64), np.empty(0)


@dataclass(frozen=True)
class Group:
    """The rows of some queries from all shards, as sort keys, ascending, with their exact distances."""

    first: int
    """The number of the first query."""
    keys: list[np.ndarray]
    distances: list[np.ndarray]
    last: np.ndarray
    """The float32 distance of the k-th neighbor of each query among them."""
    open: np.ndarray
    """Of shape (shards, queries): the shard may hold further neighbors of the query, or ties with the last of them."""


@dataclass(frozen=True)
class Again:
    """What was searched again: of pairs of a shard and a query, all rows up to a distance that can matter."""

    lines: Mapping[tuple[int, int], tuple[np.ndarray, np.ndarray]]
    """Rows of the shard and their exact distances, by shard (from 0) and query."""


def neighbors_in(results: Sequence[Result], k: int) -> int:
    """Return the rows of a subset. Raises ConfigError if there are fewer neighbors than k, or more than ids hold."""
    rows = sum(result.record.rows for result in results)
    candidates = sum(result.record.candidates for result in results)
    if candidates < k:
        raise ConfigError(
            f"This subset has {candidates:,} rows that can be neighbors, but `neighbors: {k}` asks for {k:,}. What to "
            "do: ask for a larger subset, or set `neighbors` to a smaller number."
        )
    if rows > gold.MOST_ROWS:
        raise ConfigError(
            f"This subset has {rows:,} rows, but the ids of a gold standard are int32, which count up to "
            f"{gold.MOST_ROWS:,}. What to do: ask for a smaller subset."
        )
    return rows


def groups(results: Sequence[Result], queries: int, k: int, again: Again) -> Iterator[Group]:
    """Yield all queries, some at a time, with what shards hold for them. Raises ShardError if one is damaged."""
    offsets = np.cumsum([0, *(result.record.rows for result in results)])
    for first in range(0, queries, AT_ONCE):
        end = min(first + AT_ONCE, queries)
        keys, distances = [], []
        incomplete = np.zeros((len(results), end - first), bool)
        farthest = np.zeros(incomplete.shape, np.float32)
        for shard, result in enumerate(results):
            rows, its_distances = result.read(first, end)
            if rows.size and rows.max() >= result.record.rows:
                raise ShardError.unfit(result.path, f"row {rows.max():,}", f"{result.record.rows:,} rows", "damage")
            if result.record.columns < result.record.candidates:
                incomplete[shard], farthest[shard] = True, exact.single(its_distances[:, -1])
            its_keys = exact.sort_keys(its_distances, rows + offsets[shard])
            for query in range(end - first):
                if (shard, first + query) in again.lines:
                    its_keys[query] = NOTHING
                    incomplete[shard, query] = False
            keys.append(its_keys)
            distances.append(its_distances)
        extra = _extra(again, offsets, first, end)
        yield _sorted(first, np.hstack(keys), np.hstack(distances), incomplete, farthest, k, extra)


def _extra(again: Again, offsets: np.ndarray, first: int, end: int) -> dict[int, list]:
    extra: dict[int, list] = {}
    for (shard, query), (rows, distances) in again.lines.items():
        if first <= query < end:
            keys = exact.sort_keys(distances, rows.astype(np.uint64) + np.uint64(offsets[shard]))
            extra.setdefault(query - first, []).append((keys, distances))
    return extra


def _sorted(
    first: int, keys: np.ndarray, distances: np.ndarray, incomplete: np.ndarray, farthest: np.ndarray, k: int,
    extra: Mapping[int, list],
) -> Group:  # fmt: skip
    all_keys, all_distances = [], []
    last = np.full(len(keys), np.inf, np.float32)
    for query in range(len(keys)):
        more = extra.get(query, [])
        its_keys = np.concatenate([keys[query], *(each for each, _ in more)])
        its_distances = np.concatenate([distances[query], *(each for _, each in more)])
        order = np.argsort(its_keys)[: np.count_nonzero(its_keys != NOTHING)]
        all_keys.append(its_keys[order])
        all_distances.append(its_distances[order])
        if len(order) >= k:
            last[query] = exact.single(all_distances[-1][k - 1 : k])[0]
    # Both distances may be infinite, where one is too large for float32.
    return Group(first, all_keys, all_distances, last, incomplete & (farthest <= last))


def open_pairs(results: Sequence[Result], queries: int, k: int) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return the queries to be searched again, by shard (from 0), and up to which float32 distance."""
    found: dict[int, list[tuple[int, np.float32]]] = {}
    for group in groups(results, queries, k, Again({})):
        for shard, query in zip(*np.nonzero(group.open), strict=True):
            found.setdefault(int(shard), []).append((group.first + int(query), group.last[query]))
    return {
        shard: (np.array([query for query, _ in pairs]), np.array([last for _, last in pairs], np.float32))
        for shard, pairs in sorted(found.items())
    }


def merge(
    results: Sequence[Result], queries: int, queries_xxh3: str, definition: Definition, again: Again, target: Path
) -> None:
    """Write the gold standard. Raises ShardError, and writes nothing, if it would not be complete."""
    k = definition.neighbors
    rows = neighbors_in(results, k)
    odd = [sum(getattr(result.record, name) for result in results) for name in ("not_finite_rows", "zero_rows")]
    about = gold.attributes(definition.metric, k, rows, queries_xxh3, *odd)
    with appearing(target) as (temporary,), gold.create(temporary, queries, about) as file:
        for group in groups(results, queries, k, again):
            if group.open.any():
                shard, query = np.argwhere(group.open)[0]
                raise ShardError(
                    f"{results[shard].path} does not prove that it holds all neighbors of query {group.first + query}, "
                    f"and that pair was not searched again. What to do: delete the file in `neighbors/` whose name "
                    f"begins with `again-`, and run the same command again."
                )
            _write(file, group, k)


def _write(file: h5py.File, group: Group, k: int) -> None:
    their = np.s_[group.first : group.first + len(group.keys)]
    keys = np.stack([each[:k] for each in group.keys])
    distances = np.stack([each[:k] for each in group.distances])
    file["knns"][their] = (keys & np.uint64(0xFFFFFFFF)).astype(np.int32) + 1
    file["dists64"][their] = distances
    file["dists"][their] = exact.single(distances)
    singles = [exact.single(each[: k + gold.TIED_BEYOND]) for each in group.distances]
    file["tied_first"][their] = [int((each < last).sum()) + 1 for each, last in zip(singles, group.last, strict=True)]
    file["tied_last"][their] = [int((each <= last).sum()) for each, last in zip(singles, group.last, strict=True)]
