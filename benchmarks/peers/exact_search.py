"""Exact searches of one shard by others, which prove nothing: `exact_search.py WAY SHARD.npy QUERIES.npy K OUTPUT`.

The rows are float16 of shape (rows, dimensions) and are normalised here, as the queries are. One thread each.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from benchmarks.clock import timed

BLOCK = 98_304
"""Rows at a time, as float32."""


def blocks(file: str):
    """Yield the first row of a block, and its rows, as unit vectors of float32."""
    rows = np.load(file, mmap_mode="r")
    for first in range(0, len(rows), BLOCK):
        block = rows[first : first + BLOCK].astype(np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        yield first, block


def by_faiss(file: str, queries: np.ndarray, k: int) -> np.ndarray:
    """Return the rows of the k nearest, shape (queries, k), by faiss.knn, block by block."""
    import faiss

    faiss.omp_set_num_threads(1)
    heap = faiss.ResultHeap(len(queries), k, keep_max=True)
    for first, block in blocks(file):
        scores, rows = faiss.knn(queries, block, k, metric=faiss.METRIC_INNER_PRODUCT)
        heap.add_result(scores, rows + first)
    heap.finalize()
    return heap.I


def by_usearch(file: str, queries: np.ndarray, k: int) -> np.ndarray:
    """Return the rows of the k nearest, shape (queries, k), by usearch's exact search, block by block."""
    from usearch.index import MetricKind, search

    best, rows = np.full((len(queries), k), np.inf, np.float32), np.zeros((len(queries), k), np.int64)
    for first, block in blocks(file):
        found = search(block, queries, k, MetricKind.IP, exact=True, threads=1)
        both = np.concatenate([best, found.distances], axis=1), np.concatenate([rows, found.keys + first], axis=1)
        order = np.argsort(both[0], axis=1, kind="stable")[:, :k]
        best, rows = (
            np.take_along_axis(each.astype(kind), order, axis=1) for each, kind in zip(both, ("f4", "i8"), strict=True)
        )
    return rows


def main(way: str, file: str, queries: str, k: str, output: str) -> None:
    """Search, and save the rows."""
    vectors = np.load(queries)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with timed():
        rows = {"faiss": by_faiss, "usearch": by_usearch}[way](file, vectors, int(k))
    np.save(output, rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
