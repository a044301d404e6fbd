"""How many of the true neighbors a search has found: by ids, as the challenge counts, and with ties credited."""

from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from laion2b.errors import ConfigError
from laion2b.formats.emb import H5_ERRORS

QUANTILES = (0, 0.01, 0.05, 0.25, 0.5)


@dataclass(frozen=True)
class Gold:
    """A gold standard, of ours or a published one, which has only the first two."""

    ids: np.ndarray
    """From 1, (queries, k)."""
    distances: np.ndarray
    """float32, (queries, k)."""
    tied_last: np.ndarray | None
    """Rank of the last neighbor that is as near as the k-th, (queries,)."""
    rows: int | None
    """Of the subset."""


@dataclass(frozen=True)
class Recall:
    """The recall of each query, from 0 to 1, by ids alone and with ties credited; shape (queries,)."""

    k: int
    by_ids: np.ndarray
    with_ties: np.ndarray
    warnings: list[str] = field(default_factory=list)

    def content(self) -> dict:
        """Return the figures as JSON holds them."""
        return {
            "k": self.k,
            "queries": len(self.by_ids),
            "recall": float(self.by_ids.mean()),
            "recall_with_ties_credited": float(self.with_ties.mean()),
            "quantiles_of_queries": {
                str(quantile): float(np.quantile(self.by_ids, quantile, method="lower")) for quantile in QUANTILES
            },
            "queries_with_all": int((self.by_ids == 1).sum()),
            "warnings": self.warnings,
        }

    def text(self) -> str:
        """Return the figures as a person reads them."""
        figures = self.content()
        quantiles = ", ".join(f"{float(q):.0%} {value:.3f}" for q, value in figures["quantiles_of_queries"].items())
        return (
            f"recall@{self.k}: {figures['recall']:.5f} by ids, as the challenge counts; "
            f"{figures['recall_with_ties_credited']:.5f} with ties credited.\n"
            f"Of {len(self.by_ids):,} queries, {figures['queries_with_all']:,} have all; "
            f"quantiles of their recall, up to the median: {quantiles}."
        )


def recall(result: Path, gold: Path, k: int, ids_from: int | None) -> Recall:
    """Compare the first `k` ids of each query of a result with a gold standard. Raises ConfigError where that can't be.

    A tie is credited: any id in the gold standard that is as near, as float32, as the k-th neighbor counts.
    """
    for path in (gold, result):
        if not path.exists():
            raise ConfigError(f"{path} does not exist. What to do: correct the path.")
    standard = read_gold(gold)
    true, distances, tied_last, rows = standard.ids, standard.distances, standard.tied_last, standard.rows
    if not 1 <= k <= true.shape[1]:
        raise ConfigError(f"--k {k}: {gold} holds {true.shape[1]} neighbors of each query. Ask for 1 to as many.")
    found, warnings = _fitting(result, read_ids(result), true.shape, k), []
    if ids_from is None and (found == 0).any():
        raise ConfigError(
            f"{result} holds the id 0, but ids in the challenge count from 1. If yours count from 0, say --ids-from 0."
        )
    found = found[:, :k] + (1 if ids_from == 0 else 0)
    if rows and (outside := int((found > rows).any(axis=1).sum())):
        warnings.append(f"{outside:,} queries have ids beyond the {rows:,} rows of {gold}. Is it about another subset?")
    if repeated := int((np.diff(np.sort(found, axis=1), axis=1) == 0).any(axis=1).sum()):
        warnings.append(f"{repeated:,} queries have an id more than once among the first {k}; it counts once.")
    credited = distances <= distances[:, k - 1 : k]
    by_ids = np.array([len(np.intersect1d(a, b)) for a, b in zip(found, true[:, :k], strict=True)]) / k
    pairs = zip(found, true, credited, strict=True)
    with_ties = np.array([min(k, len(np.intersect1d(a, b[near]))) for a, b, near in pairs]) / k
    if ids_from is None and k <= true.shape[1]:
        shifted = np.mean([len(np.intersect1d(a + 1, b)) for a, b in zip(found, true[:, :k], strict=True)]) / k
        if shifted > 2 * by_ids.mean():
            warnings.append(f"With 1 added to all ids, the recall would be {shifted:.5f}. Do they count from 0?")
    if tied_last is not None and k == true.shape[1] and (beyond := int((tied_last > k).sum())):
        warnings.append(f"{beyond:,} queries have ties beyond rank {k}, whose ids {gold} does not hold: not credited.")
    return Recall(k, by_ids, with_ties, warnings)


def read_gold(path: Path) -> Gold:
    """Read a gold standard. Raises ConfigError if it is none."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            ids, distances = file["knns"][:], file["dists"][:]
            tied_last = file["tied_last"][:] if "tied_last" in file else None
            rows = int(file.attrs["rows"]) if "rows" in file.attrs else None
    except H5_ERRORS as error:
        raise ConfigError(
            f"{path} can't be read as a gold standard: {error}. Expected: HDF5 with knns and dists."
        ) from None
    if ids.ndim != 2 or ids.shape != distances.shape or ids.dtype.kind not in "iu":
        raise ConfigError(
            f"{path}: found knns of shape {ids.shape}, {ids.dtype}, and dists of shape {distances.shape}. Expected: "
            "whole numbers, and as many distances, of shape (queries, k)."
        )
    return Gold(ids.astype(np.int64), distances.astype(np.float32), tied_last, rows)


def read_ids(path: Path) -> np.ndarray:
    """Return the matrix of ids in HDF5 (`knns`), .npy or .ibin. Raises ConfigError if there is none."""
    try:
        match path.suffix.lower():
            case ".npy":
                ids = np.load(path, allow_pickle=False)
            case ".ibin":
                rows, columns = np.fromfile(path, "<u4", 2).tolist()
                ids = np.fromfile(path, "<i4", offset=8).reshape(rows, columns)
            case _:
                with h5py.File(path, "r", locking=False) as file:
                    ids = file["knns"][:]
    except (*H5_ERRORS, EOFError) as error:
        expected = "HDF5 with a matrix knns, .npy, or .ibin with two uint32 before int32"
        raise ConfigError(f"{path} can't be read as a result: {error}. Expected: {expected}.") from None
    if ids.ndim != 2 or ids.dtype.kind not in "iu":
        raise ConfigError(f"{path}: found {ids.dtype} of shape {ids.shape}. Expected: ids of shape (queries, k).")
    return ids.astype(np.int64)


def _fitting(path: Path, ids: np.ndarray, shape: tuple[int, int], k: int) -> np.ndarray:
    if len(ids) != shape[0]:
        hint = " It looks transposed: write it as (queries, k)." if ids.shape[1] == shape[0] else ""
        raise ConfigError(f"{path}: found {len(ids):,} rows, but the gold standard has {shape[0]:,} queries.{hint}")
    if ids.shape[1] < k:
        raise ConfigError(f"{path}: found {ids.shape[1]} ids for each query, but --k {k} asks for {k}.")
    return ids
