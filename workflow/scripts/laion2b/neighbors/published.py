"""Check a gold standard that others published against rows of ours: it proves the order of the rows of a subset.

The distances of all ids that it lists are computed again. A row too many or too few shifts all later ids, so the first
row whose distances are wrong tells where the rows slipped.
"""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from laion2b.errors import ConfigError
from laion2b.formats.hdf5 import Product
from laion2b.subsets.findings import Check, Findings
from laion2b.subsets.locate import locate

from . import exact, queries
from .recall import read_gold

VARIANTS = {
    "2023 (F64-IEEE754): 1 - cos in float64": 2.0**-42,
    "2024: 1 - dot of the raw values, in float32": 2.0**-14,
    "2023, first version: 1 - cos of rows that were normalised in float16": 2.0**-9,
}
"""How published distances may have been computed, the strictest first, and how far they may be off beyond one ulp."""
SLIPPED = 0.5
"""Share of the distances after a wrong one that are wrong, too, if the rows have slipped there."""


class GoldFindings(Findings):
    """What was looked at in a published gold standard."""

    def about_statistics(self) -> str:
        """Return what was counted as a person reads it."""
        return "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in self.statistics.items())


def verify(
    published: Path, queries_file: Path, embeddings: Path, gold: Path | None, progress: Callable[[int], None]
) -> GoldFindings:
    """Return what was found. Raises ConfigError if the files can't belong together, and ShardError for unsound rows."""
    standard = read_gold(published)
    ids, distances = standard.ids, standard.distances
    with Product.open(embeddings) as product:
        vectors = queries.read_given(queries_file, None, product.dimensions, "cosine")
        findings = GoldFindings(official="compared with a published gold standard")
        if len(vectors) != len(ids):
            hint = " It looks transposed." if len(vectors) == ids.shape[1] else ""
            raise ConfigError(
                f"{published} is about {len(ids):,} queries, {queries_file} holds {len(vectors):,}.{hint}"
            )
        outside = int(((ids < 1) | (ids > product.rows)).sum())
        findings.compare("ids that are no rows", outside, 0)
        if not outside:
            ours = _distances(product, vectors, ids - 1, progress)
            _compare(findings, product, ids, distances, ours)
    if gold:
        _compare_gold(findings, gold, queries.xxh3(vectors), ids, distances)
    return findings


def _distances(
    product: Product, vectors: np.ndarray, rows: np.ndarray, progress: Callable[[int], None]
) -> dict[str, np.ndarray]:
    """Return the distances of all pairs by each variant, float64 of shape (queries, k), in one pass over the rows."""
    order = np.argsort(rows, axis=None, kind="stable")
    wanted, query = rows.ravel()[order], order // rows.shape[1]
    found = {variant: np.empty(rows.size) for variant in VARIANTS}
    norms = np.sqrt(exact.query_squares(vectors))
    first = 0
    for block in product.blocks(0, product.rows):
        begin, end = np.searchsorted(wanted, [first, first + len(block)])
        its = np.s_[begin:end]
        ours = block[wanted[its] - first].astype(np.float64)
        theirs = vectors[query[its]].astype(np.float64)
        length = np.sqrt(np.einsum("ij,ij->i", ours, ours))
        dot = np.einsum("ij,ij->i", ours, theirs)
        with np.errstate(invalid="ignore", divide="ignore"):
            halves = (ours / length[:, None]).astype(np.float16).astype(np.float64)
            values = (
                1 - dot / (length * norms[query[its]]),
                1 - dot,
                1 - np.einsum("ij,ij->i", halves, theirs) / norms[query[its]],
            )
        for variant, value in zip(found, values, strict=True):
            found[variant][order[its]] = value
        first += len(block)
        progress(block.nbytes)
    return {variant: values.reshape(rows.shape) for variant, values in found.items()}


def _agree(variant: str, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Tell which float32 distances agree with float64 ones: within one ulp, and what the variant's own errors are."""
    return np.abs(ours - theirs) <= np.spacing(np.abs(theirs)).astype(np.float64) + VARIANTS[variant]


def _compare(
    findings: Findings, product: Product, ids: np.ndarray, distances: np.ndarray, ours: dict[str, np.ndarray]
) -> None:
    agreeing = {variant: _agree(variant, values, distances) for variant, values in ours.items()}
    # The strictest of those that fit nearly as well as any: a looser one forgives a few more.
    best = max(agree.mean() for agree in agreeing.values())
    variant = next(name for name, agree in agreeing.items() if agree.mean() >= best / 2)
    agree = agreeing[variant]
    findings.official = f"the published distances are those of {variant}"
    what = f"distances that agree, of {agree.size:,}"
    findings.checks.append(Check(what, bool(agree.all()), f"{int(agree.sum()):,}{_where(product, ids, agree)}", "all"))
    _compare_order(findings, ids, distances, ours[variant], agree)


def _where(product: Product, ids: np.ndarray, agree: np.ndarray) -> str:
    """Say which is the first row whose distance is wrong, and whether the rows have slipped there."""
    if agree.all():
        return ""
    query, rank = np.unravel_index(np.argmin(np.where(agree, 2**62, ids)), ids.shape)
    row = int(ids[query, rank]) - 1
    later = ids > ids[query, rank]
    wrong = 1 - agree[later].mean() if later.any() else 0.0
    place = ""
    if product.parts is not None:
        found = locate(product, row)
        place = f", which is row {found.row_in_shard:,} of the shard of part {found.part}"
    slipped = f"; of later rows {wrong:.0%} disagree" + (", so the rows have slipped there" if wrong > SLIPPED else "")
    counted = f"(query {query}, rank {rank + 1}; all from 0 but the rank)"
    return f"; the first row that disagrees is {row:,}{place} {counted}{slipped}"


def _compare_order(
    findings: Findings, ids: np.ndarray, distances: np.ndarray, ours: np.ndarray, agree: np.ndarray
) -> None:
    step = np.diff(distances, axis=1)
    findings.compare("queries whose distances do not ascend", int((step < 0).any(axis=1).sum()), 0)
    singles = exact.single(ours)
    turned = (np.diff(singles, axis=1) < 0) & agree[:, 1:] & agree[:, :-1]
    ties = (np.diff(distances, axis=1) == 0) & (np.diff(ids, axis=1) < 0)
    findings.statistics = findings.statistics | {
        "neighbors_in_another_order_than_by_our_distances": int(turned.sum()),
        "ties_not_in_the_order_of_ids": int(ties.sum()),
    }
    repeated = int((np.diff(np.sort(ids, axis=1), axis=1) == 0).any(axis=1).sum())
    findings.compare("queries with an id more than once", repeated, 0)


def _compare_gold(findings: Findings, gold: Path, xxh3: str, ids: np.ndarray, distances: np.ndarray) -> None:
    """Compare with a gold standard of our own, if it is for the same queries."""
    standard = read_gold(gold)
    ours, our_distances = standard.ids, standard.distances
    with h5py.File(gold, "r", locking=False) as file:
        known = file.attrs.get("queries_xxh3")
    if known != xxh3:
        findings.statistics = findings.statistics | {"compared_with_our_gold": "no: it is for other queries"}
        return
    k = min(ids.shape[1], ours.shape[1])
    same = ids[:, :k] == ours[:, :k]
    unexplained = 0
    for query in np.flatnonzero(~same.all(axis=1)):
        # What is in one only has to be as far, within an ulp, as the last of the other.
        last = max(our_distances[query, k - 1], distances[query, k - 1])
        limit = min(our_distances[query, k - 1], distances[query, k - 1]) - 2 * np.spacing(last)
        only_ours = ~np.isin(ours[query, :k], ids[query, :k])
        only_theirs = ~np.isin(ids[query, :k], ours[query, :k])
        near = (our_distances[query, :k][only_ours] < limit).sum() + (distances[query, :k][only_theirs] < limit).sum()
        unexplained += bool(near)
    findings.statistics = findings.statistics | {
        "compared_with_our_gold": f"yes: {k} neighbors of each query",
        "ids_at_the_same_rank": f"{int(same.sum()):,} of {same.size:,}",
        "queries_with_the_same_ids": int(
            sum(np.isin(a, b).all() for a, b in zip(ids[:, :k], ours[:, :k], strict=True))
        ),
    }
    findings.compare("queries whose neighbors differ by more than ties at the last rank", unexplained, 0)
