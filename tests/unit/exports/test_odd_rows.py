"""Rows that are zero, not finite, or equal to an earlier one, against a plain count."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from laion2b.exports import buckets, odd_rows
from laion2b.exports.rows import sources
from tests.support.neighbors import nasty


class InMemory:
    """Rows that need no file."""

    def __init__(self, rows: np.ndarray, first: int) -> None:
        self.rows, self.first = rows, first
        self.record = type("Record", (), {"rows": len(rows)})

    def blocks(self):
        for start in range(0, len(self.rows), 7):
            yield self.first + start, self.rows[start : start + 7]


def found(folder, subset) -> tuple[list[tuple[int, str]], list[tuple[int, int]]]:
    counts = odd_rows.write(subset, "laion2B-1.h5", folder / "zero.txt", folder / "same.parquet")
    header, *lines = (folder / "zero.txt").read_text().splitlines()
    assert header.startswith("# id (from 0) of each row of laion2B-1.h5")
    odd = [(int(row), kind) for row, kind in (line.split("\t") for line in lines)]
    table = pq.read_table(folder / "same.parquet")
    same = list(zip(table["id"].to_pylist(), table["first_id"].to_pylist(), strict=True))
    assert counts == (len(odd), len(same))
    assert np.loadtxt(folder / "zero.txt", dtype=int, usecols=0, ndmin=1).tolist() == [row for row, _ in odd]
    return odd, same


@pytest.mark.parametrize("in_memory", [10, 1_000_000])
@pytest.mark.parametrize("seed", range(3))
def test_against_a_plain_count(tmp_path, monkeypatch, seed, in_memory):
    monkeypatch.setattr(odd_rows, "IN_MEMORY", in_memory)
    monkeypatch.setattr(buckets, "WAITING", 100)
    rows = nasty(seed, 200, 8)
    first: dict[bytes, int] = {}
    same = [(n, first[row.tobytes()]) for n, row in enumerate(rows) if first.setdefault(row.tobytes(), n) != n]
    odd = [
        (n, "not finite" if not np.isfinite(row).all() else "zero")
        for n, row in enumerate(rows)
        if not np.isfinite(row).all() or not row.any()
    ]
    assert same
    assert odd
    assert found(tmp_path, [InMemory(rows[:90], 0), InMemory(rows[90:], 90)]) == (odd, same)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["same.parquet", "zero.txt"]


def test_rows_of_shards(tmp_path, shards):
    from tests.support.shards import DEFINITION

    subset = sources(shards["h5"], shards["json"], DEFINITION)
    assert [source.first for source in subset] == [0, 5, 5, 6]
    # Rows of numbers 0..4, then 1, then 0, 1, 3.
    assert found(tmp_path, subset) == ([(0, "zero"), (6, "zero")], [(5, 1), (6, 0), (7, 1), (8, 3)])
