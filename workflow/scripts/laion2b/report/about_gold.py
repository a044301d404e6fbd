"""The block about gold standards: how far neighbors are, how many of them tie, and what the search took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from laion2b import names
from laion2b.errors import ShardError
from laion2b.formats.emb import H5_ERRORS
from laion2b.logs import RuleName

from . import charts
from .exhibits import Block, Figure, Table
from .gather import Rule, duration

RANKS = (1, 10, 100, 1000)
"""Ranks that the table shows, with the last one."""
POINTS = 40
"""Ranks at most that the chart shows."""
EQUAL = 1e-9
"""A cosine distance below it is that of a row that points where the query does."""
HEADING = "Gold standards"
OF_GOLD = (RuleName.SEARCH, RuleName.SEARCH_AGAIN, RuleName.MERGE)


@dataclass(frozen=True)
class _Gold:
    name: str
    rows: int
    metric: str
    distances: np.ndarray
    """float64, shape (queries, k)."""
    tied: np.ndarray
    """The rank of the last row that is as near as that of rank k, shape (queries,)."""


def gold(files: Mapping[int, Path], rules: Sequence[Rule]) -> Block:
    """Return the distances at some ranks, and the ties, of gold standards, by the number of the last part.

    Raises ShardError if a file can't be read as one.
    """
    if not files:
        return Block(HEADING, [f"There is no gold standard here. The target {names.gold('N')} makes one."])
    golds = [_read(file) for file in files.values()]
    ranks = pd.concat([_quantiles(each) for each in golds])
    about = "; ".join(
        f"{each.name}: the median distance is {np.median(each.distances[:, 0]):.4f} at rank 1 and "
        f"{np.median(each.distances[:, -1]):.4f} at rank {each.distances.shape[1]}"
        for each in golds
    )
    figure = Figure("Distance of the neighbors", charts.distances(ranks, about))
    ends = {each.name: each.distances.shape[1] for each in golds}
    shown = ranks[ranks["rank"].isin(RANKS) | (ranks["rank"] == ranks["gold"].map(ends))]
    rows = [
        [each["gold"], f"{each['rank']:,}", *(f"{each[key]:.4f}" for key in ("low", "median", "high"))]
        for each in shown.to_dict("records")
    ]
    table = Table(["gold standard", "rank", "5 % of queries", "median", "95 % of queries"], rows)
    text = [sentence for each in golds for sentence in _sentences(each)]
    took = [rule for rule in rules if rule.name in OF_GOLD]
    if took:
        jobs = sum(len(rule.seconds) for rule in took)
        text.append(f"Search and merge took {duration(sum(sum(rule.seconds) for rule in took))} in {jobs:,} jobs.")
    text.append("In the chart, the line is the median of the queries. The band is from 5 % to 95 % of them.")
    return Block(HEADING, text, [figure], table)


def _quantiles(gold: _Gold) -> pd.DataFrame:
    k = gold.distances.shape[1]
    spaced = np.geomspace(1, k, POINTS).round().astype(int)
    ranks = np.unique([*spaced, *(rank for rank in RANKS if rank <= k)])
    low, median, high = np.quantile(gold.distances[:, ranks - 1], (0.05, 0.5, 0.95), axis=0)
    return pd.DataFrame({"gold": gold.name, "rank": ranks, "low": low, "median": median, "high": high})


def _sentences(gold: _Gold) -> list[str]:
    queries, k = gold.distances.shape
    tied = int((gold.tied > k).sum())
    text = [
        f"{gold.name}: {queries:,} queries, {k:,} neighbors each in {gold.rows:,} rows, by {gold.metric}.",
        f"Of {tied:,} queries ({tied / queries:.2%}), further rows are as near as the last neighbor, "
        f"at most {int(gold.tied.max()) - k:,}."
        if tied
        else "No query has a tie at its last neighbor.",
    ]
    if gold.metric == "cosine":
        equal = int((gold.distances[:, 0] < EQUAL).sum())
        text.append(f"{equal:,} queries have a row with the same direction (distance 0).")
    return text


def _read(file: Path) -> _Gold:
    try:
        with h5py.File(file, "r", locking=False) as opened:
            rows, metric = (opened.attrs[name] for name in ("rows", "metric"))
            return _Gold(file.name, int(rows), str(metric), opened["dists64"][:], opened["tied_last"][:])
    except H5_ERRORS as error:
        cause = "the file was damaged or replaced after it was written"
        raise ShardError.unfit(file, f"a file that can't be read ({error})", "a gold standard", cause) from None
