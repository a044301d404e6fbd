"""Sorted lists against semi-joins by pyarrow: `python -m benchmarks.lists ENTRIES FOLDER`. Single-threaded.

A part's rows are compared with a list of random hashes, in three ways: the list sorted on disk and searched, the list
read through for each part and looked up in the part's rows, and the list joined in memory. The page cache is warm.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from laion2b.shards import list_files, lists, sorting

ROWS = 938_700
BATCH = 16 * 1024
SEED = 16
SHARE = 0.01
"""Of a part's rows, so many are in the list."""


def measured(name: str, function: Callable[[], object]) -> object:
    """Run a function in a process of its own, and print its seconds and the memory at its peak."""
    sys.stdout.flush()
    if process := os.fork():
        status = os.waitpid(process, 0)[1]
        if status:
            sys.exit(f"{name} failed")
        return None
    began, cpu = time.perf_counter(), time.process_time()
    result = function()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name}: {wall:.2f} s, {cpu:.2f} s of CPU, {peak:.0f} MB, {result}")
    sys.stdout.flush()
    os._exit(0)


def listed(folder: Path, entries: int) -> Path:
    """Write a list of random hashes, in pieces."""
    path = folder / f"{entries}.npy"
    if not path.exists():
        random = np.random.default_rng(SEED)
        array = np.lib.format.open_memmap(path, "w+", np.int64, (entries,))
        for start in range(0, entries, 10**6):
            array[start : start + 10**6] = random.integers(-(2**63), 2**63 - 1, min(10**6, entries - start))
        array.flush()
    return path


def part(path: Path) -> np.ndarray:
    """Return the hashes of a part's rows, some of which are in the list."""
    random = np.random.default_rng([SEED, 1])
    rows = random.integers(-(2**63), 2**63 - 1, ROWS)
    taken = random.choice(ROWS, int(SHARE * ROWS), replace=False)
    rows[taken] = np.load(path, mmap_mode="r")[random.integers(0, 10**6, len(taken))]
    return rows


def search(target: Path, rows: np.ndarray) -> int:
    """Search the sorted list for a part's rows, batch by batch, and return how many it holds."""
    searched, found = lists.SortedList(target), 0
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        found += int(searched.holds(lists.mixed(some), np.ones(len(some), bool)).sum())
    return found


def read_through(path: Path, rows: np.ndarray) -> int:
    """Look up all entries of the list among a part's rows, and return how many rows it holds."""
    wanted, listed, found = pa.array(rows), np.load(path, mmap_mode="r"), []
    for start in range(0, len(listed), 2**20):
        some = pa.array(np.array(listed[start : start + 2**20]))
        found.append(some.filter(pc.is_in(some, value_set=wanted)).to_numpy())
    return int(np.isin(rows, np.concatenate(found)).sum())


def join(path: Path, rows: np.ndarray) -> int:
    """Join a part's rows with the list in memory, and return how many it holds."""
    table, listed = pa.table({"hash": rows}), pa.table({"hash": np.load(path)})
    return len(table.join(listed, "hash", join_type="left semi", use_threads=False))


def main(entries: int, folder: Path) -> None:
    """Measure, and print a line for each."""
    pa.set_cpu_count(1)
    folder.mkdir(parents=True, exist_ok=True)
    path, target = listed(folder, entries), folder / f"sorted-{entries}.npy"
    rows = part(path)
    identity = list_files.Listed("hash", list_files.sha256_of(path))
    measured(f"sort {entries:,} entries", lambda: sorting.sort_list(path, identity, target))
    for name, function, source in (
        ("search", search, target),
        ("read through", read_through, path),
        ("join", join, path),
    ):
        for turn in range(3):
            measured(f"{name}, {turn + 1}", lambda f=function, s=source: f(s, rows))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
