"""Search again those pairs of a shard and a query of which the shard's result does not hold enough.

neighbors/again-N.h5 is about the subset N. It never changes the results of shards, which other subsets share.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import xxhash

from laion2b.errors import ShardError
from laion2b.files import appearing, read_json
from laion2b.formats.emb import H5_ERRORS

from .definition import Definition
from .gold import TIED_BEYOND
from .merge import Again
from .results import Result
from .rows import Rows
from .screen import Queries
from .search import SCREENED, Nearest, Shard, within

log = logging.getLogger(__name__)

KINDS = {"shard": "<u4", "query": "<u4", "count": "<u4", "rows": "<u4", "distances": "<f8"}
"""The datasets. The first three have an entry for each pair; the rows of all pairs follow each other."""


def search_again(
    pairs: Mapping[int, tuple[np.ndarray, np.ndarray]], sources: Sequence[Path], parts: Sequence[int],
    results: Sequence[Result], queries: Queries, metric: str, k: int,
) -> Again:  # fmt: skip
    """Return all rows up to the distances of `pairs`, by shard, but no more for each pair than can matter.

    Of each shard, as many first rows are looked at as its result is about. Raises ShardError if a shard is not the one
    that was searched before.
    """
    lines: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
    for shard, (numbers, most) in pairs.items():
        with Rows.open(sources[shard], parts[shard]) as whole:
            _check(whole, results[shard])
            rows = whole.first(results[shard].record.rows)
            known = Shard(rows.count, np.empty(rows.count))
            for first, block in rows.blocks(SCREENED):
                known.learn(first, block, metric)
            limits = np.full(len(numbers), k + TIED_BEYOND)
            found = within(rows, queries.some(numbers), metric, known, most, limits)
        log.info("part %d: %d queries were searched again.", parts[shard], len(numbers))
        lines |= {
            (shard, int(number)): (its_rows, its_distances)
            for number, its_rows, its_distances in zip(numbers, found.rows, found.distances, strict=True)
        }
    return Again(lines)


def _check(whole: Rows, result: Result) -> None:
    xxh3, searched = whole.xxh3(), result.record.embeddings_xxh3
    if xxh3 != searched:
        cause = "the file was damaged or replaced since"
        raise ShardError.unfit(whole.path, f"rows with XXH3 {xxh3}", f"{searched}, as were searched", cause)


def write(path: Path, record_path: Path, again: Again, about: Mapping) -> None:
    """Write what was searched again, and its record: `about`, and the hash."""
    pairs = sorted(again.lines)
    found = Nearest([again.lines[pair][0] for pair in pairs], [again.lines[pair][1] for pair in pairs])
    arrays = {
        "shard": [shard for shard, _ in pairs],
        "query": [query for _, query in pairs],
        "count": [len(rows) for rows in found.rows],
        "rows": np.concatenate([np.empty(0, np.uint32), *found.rows]),
        "distances": np.concatenate([np.empty(0), *found.distances]),
    }
    hasher = xxhash.xxh3_128()
    with appearing(path, record_path) as (new, new_record):
        with h5py.File(new, "w", locking=False) as file:
            for name, kind in KINDS.items():
                data = np.array(arrays[name], np.dtype(kind))
                hasher.update(data)
                file.create_dataset(name, data=data)
        content = dict(about) | {"pairs": len(pairs), "xxh3": hasher.hexdigest()}
        new_record.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read(path: Path, record_path: Path) -> tuple[Again, dict]:
    """Return what was searched again, and the record. Raises ShardError if the two don't belong together."""
    record, hasher, arrays = read_json(record_path) or {}, xxhash.xxh3_128(), {}
    try:
        with h5py.File(path, "r", locking=False) as file:
            for name in KINDS:
                arrays[name] = file[name][:]
                hasher.update(arrays[name])
    except H5_ERRORS as error:
        raise _damaged(path, f"a file that can't be read ({error})") from None
    if record.get("xxh3") != hasher.hexdigest():
        raise _damaged(path, "other contents than its record says")
    ends = np.cumsum(arrays["count"].astype(np.int64))
    lines = {}
    for shard, query, count, end in zip(arrays["shard"], arrays["query"], arrays["count"], ends, strict=True):
        its = np.s_[end - count : end]
        lines[int(shard), int(query)] = arrays["rows"][its], arrays["distances"][its]
    return Again(lines), record


def compare(path: Path, record: Mapping, results: Sequence[Result], definition: Definition, queries_xxh3: str) -> None:
    """Raise ShardError unless the record of what was searched again is about these results, for as many neighbors."""
    same = definition.is_served_by(record["definition"]) and record["queries_xxh3"] == queries_xxh3
    if not same or record["results"] != [result.record.rows_xxh3 for result in results]:
        cause = "the shards were searched again since, or for fewer neighbors"
        raise ShardError.unfit(path, "what other results lacked", "what these lack", cause)


def _damaged(path: Path, found: str) -> ShardError:
    return ShardError.unfit(path, found, "what was searched again", "the file was damaged or replaced")
