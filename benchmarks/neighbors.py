"""The search of one shard, against the machine's own float32 matrix product, and against exact searches of others."""

import statistics
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from benchmarks import inputs
from benchmarks.measure import Contestant, Run, compare, median, ratio, spread
from benchmarks.report import Table, megabytes, verdict

TARGETS = {100: 0.80, 1000: 0.70}
"""Share of the product's speed, by k."""
PEERS = {"faiss": (0.85, 1), "usearch": (4, 5)}
"""Times as fast as they, and into how many the queries are divided: usearch would take most of the time."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
TWO_THREADS = {"OPENBLAS_NUM_THREADS": "2"}
STEP = [sys.executable, "-m", "benchmarks.jobs"]


def measure(options: Namespace) -> dict[str, Table]:
    """Return the tables of times and of memory."""
    shard, rows, queries, count = make_inputs(options)
    product = Contestant([*STEP, "float32_product", queries, count], environment=ONE_THREAD)
    size = f"{count:,} x 768, {options.queries:,} queries"
    columns = ["what", "against", "speed", "from .. to", "target", "", "seconds", "of the other", "memory"]
    table = Table(f"Search of one shard ({size}), one thread", columns)
    for k, target in TARGETS.items():
        found = options.folder / "gold-found-ours.npy"
        runs = compare({"ours": search(shard, queries, k, found), "product": product}, options.rounds, [shard])
        table.rows.append(_row(k, "a float32 product of this size, by NumPy", runs["ours"], runs["product"], target))
        for name, (least, share) in PEERS.items():
            table.rows.append(_peer(options, name, shard, rows, queries, k, least, share))
    table.note = (
        f"Medians of {options.rounds} rounds. Ours is with reading, hash, norms, selection, exact distances and the "
        "proof. Ids of the others, where distances are not within the error of float32, are equal to ours."
    )
    table.rows += _two_cores(options, shard, queries)
    return {"neighbors": table}


def search(shard: Path, queries: Path, k: int, found: Path) -> Contestant:
    """Return our search of a shard, in one thread."""
    return Contestant([*STEP, "search", shard, queries, k, found], environment=ONE_THREAD)


def _peer(
    options: Namespace, name: str, shard: Path, rows: Path, queries: Path, k: int, least: float, share: int
) -> list[str]:
    """Return the row that compares our search with that of a peer, which has to find the same rows."""
    some, found = options.folder / f"gold-queries-{name}.npy", options.folder / f"gold-found-{name}.npy"
    chosen = np.load(queries)[: options.queries // share]
    np.save(some, chosen)
    ours = found.with_suffix(".ours.npy")
    program = Path(__file__).parent / "peers" / "exact_search.py"
    command = [options.peers, program, name, rows, some, k, found]
    contestants = {"ours": search(shard, some, k, ours), name: Contestant(command, environment=ONE_THREAD)}
    runs = compare(contestants, options.rounds, [shard])
    _same(chosen, rows, ours, found)
    against = f"{name}, which proves nothing" + (f"; {len(chosen):,} queries" if share > 1 else "")
    return _row(k, against, runs["ours"], runs[name], least)


def _two_cores(options: Namespace, shard: Path, queries: Path) -> list[list[str]]:
    """Return the rows that say what a second core brings: to two searches at once, and to one with two threads."""
    targets = [options.folder / f"gold-found-{number}.npy" for number in (1, 2)]
    search = [*STEP, "search", shard, queries, 100]
    both = ["sh", "-c", '"$@" "$0" & "$@" "$0.2.npy"; wait', targets[1], *search]
    contestants = {
        "one": Contestant([*search, targets[0]], environment=ONE_THREAD),
        "two": Contestant(both, environment=ONE_THREAD),
        "threads": Contestant([*search, targets[0]], environment=TWO_THREADS),
    }
    runs = compare(contestants, options.rounds, [shard])
    # The seconds of two at once are the sum of both.
    at_once = [4 * one.seconds / two.seconds for one, two in zip(runs["one"], runs["two"], strict=True)]
    middle = statistics.median(at_once)
    (one, two, threads), of_threads = (median(runs[name]) for name in contestants), ratio(runs["one"], runs["threads"])
    of_both = [f"**{middle:.2f} x**", f"{min(at_once):.2f} .. {max(at_once):.2f}", ">= 1.8 x", verdict(middle >= 1.8)]
    low, high = spread(runs["one"], runs["threads"])
    of_one = [f"**{of_threads:.2f} x**", f"{low:.2f} .. {high:.2f}", "", ""]
    return [
        ["two searches at once, k = 100", "one, twice", *of_both, f"{two / 2:.2f}", f"{one:.2f}", ""],
        ["one search with two threads, k = 100", "one with one", *of_one, f"{threads:.2f}", f"{one:.2f}", ""],
    ]


def _row(k: int, against: str, runs: Sequence[Run], others: Sequence[Run], least: float) -> list[str]:
    found, (low, high) = ratio(others, runs), spread(others, runs)
    return [
        f"search, k = {k}", against, f"**{found:.2f} x**", f"{low:.2f} .. {high:.2f}", f">= {least:g} x",
        verdict(found >= least), f"{median(runs):.2f}", f"{median(others):.2f}",
        megabytes(max(each.memory for each in runs)),
    ]  # fmt: skip


def make_inputs(options: Namespace) -> tuple[Path, Path, Path, int]:
    """Return a shard of full size, its rows as .npy, queries that are near some, and how many rows there are."""
    source = inputs.parts(options.folder / "parts", 1, options.rows)
    shard = inputs.shards(options.folder / "shards", source, 1)[0].with_suffix(".h5")
    rows, queries = (options.folder / f"gold-{name}.npy" for name in ("rows", "queries"))
    return shard, rows, queries, _write(shard, rows, queries, options.queries)


def _write(shard: Path, npy: Path, queries: Path, count: int) -> int:
    with h5py.File(shard) as file:
        rows = file["emb"]
        copy = np.lib.format.open_memmap(npy, "w+", np.float16, rows.shape)
        for first in range(0, len(rows), 100_000):
            copy[first : first + 100_000] = rows[first : first + 100_000]
    random = np.random.default_rng(0)
    vectors = copy[np.sort(random.choice(len(copy), count, replace=False))].astype(np.float32)
    # In an order without a meaning, because a peer may get only the first ones.
    random.shuffle(vectors)
    np.save(queries, vectors + random.standard_normal(vectors.shape, np.float32) / np.float32(27.7))
    return len(copy)


def _same(queries: np.ndarray, npy: Path, ours: Path, theirs: Path) -> None:
    """Raise ValueError unless two results have the same rows, but where distances are within the error of float32."""
    mine, other, rows = np.load(ours), np.load(theirs), np.load(npy, mmap_mode="r")
    for number, query in enumerate(queries.astype(np.float64)):
        differ = np.flatnonzero(mine[number] != other[number])
        if len(differ):
            pairs = (rows[each[number, differ]].astype(np.float64) for each in (mine, other))
            one, two = (pair @ query / np.linalg.norm(pair, axis=1) / np.linalg.norm(query) for pair in pairs)
            if np.abs(one - two).max() > 1e-5:
                raise ValueError(f"query {number}: other neighbors, and no ties")
