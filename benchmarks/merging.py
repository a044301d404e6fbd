"""The merge of the largest subset of the challenge, against its searches, and what a search should keep for it."""

from argparse import Namespace

import numpy as np

from benchmarks import neighbors
from benchmarks.measure import Contestant, compare, median, ratio, run, spread
from benchmarks.report import Table, megabytes, verdict

SUBSETS = (11, 33, 111)
NEIGHBORS = 1000
KEPT = 146
"""Rows that a search keeps for each query if these subsets are configured."""
KEPT_LESS = (32, 64, 107, 130)
MOST = 0.02
"""Share of the time of the searches."""
BYTES = 12
"""Of a row and its distance in a result."""


def measure(options: Namespace) -> dict[str, Table]:
    """Return the tables of time and of bytes."""
    return {"merging": _times(options), "kept": _kept(options.queries)}


def _times(options: Namespace) -> Table:
    shard, _, queries, count = neighbors.make_inputs(options)
    shards, results = SUBSETS[-1], options.folder / "results"
    run(Contestant([*neighbors.STEP, "make_results", results, shards, options.queries, KEPT, count]))
    contestants = {
        "merge": Contestant(
            [*neighbors.STEP, "merge", results, NEIGHBORS, options.queries, options.folder / "gold-merged.h5"]
        ),
        "search": neighbors.search(shard, queries, KEPT, options.folder / "gold-found-ours.npy"),
    }
    runs = compare(contestants, options.rounds, [shard])
    share = ratio(runs["merge"], runs["search"]) / shards
    low, high = (each / shards for each in spread(runs["merge"], runs["search"]))
    return Table(
        f"Merge of {shards} results ({options.queries:,} queries, {NEIGHBORS:,} neighbors, {KEPT} kept)",
        ["what", "against", "share", "from .. to", "target", "", "seconds", "of the other", "memory"],
        [
            [
                f"merge of {shards} shards", f"their {shards} searches: one, times {shards}", f"**{share:.2%}**",
                f"{low:.2%} .. {high:.2%}", f"<= {MOST:.0%}", verdict(share <= MOST), f"{median(runs['merge']):.2f}",
                f"{shards * median(runs['search']):,.0f}", megabytes(max(each.memory for each in runs["merge"])),
            ]
        ],
        "With the look for what has to be searched again. The results are made up: neighbors fall on shards at random.",
    )  # fmt: skip


def _kept(queries: int) -> Table:
    """Return how often a shard holds as many of a query's neighbors as a search keeps, if they fall on it at random."""
    random = np.random.default_rng(0)
    most = {last: random.multinomial(NEIGHBORS, [1 / last] * last, queries) for last in SUBSETS}
    return Table(
        f"Rows that a search keeps for each query ({queries:,} queries, {NEIGHBORS:,} neighbors)",
        ["kept", f"results of {SUBSETS[-1]} shards", *(f"of {last} shards, at least" for last in SUBSETS)],
        [
            [
                f"{kept}", f"{kept * BYTES * queries * SUBSETS[-1] / 1e9:.2f} GB",
                *(f"{(counts >= kept).mean():.4%}" for counts in most.values()),
            ]
            for kept in (*KEPT_LESS, KEPT)
        ],
        f"The share of pairs of a shard and a query that are searched again, by chance alone: those that hold as many "
        f"neighbors as are kept. `subsets: {list(SUBSETS)}` keeps {KEPT}.",
    )  # fmt: skip
