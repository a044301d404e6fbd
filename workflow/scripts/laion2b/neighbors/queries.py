"""queries.h5: what is searched for, as float32, be it read from a file or drawn from a part."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from laion2b.errors import ConfigError, PartError, explain
from laion2b.files import appearing
from laion2b.formats.emb import H5_ERRORS, KEY
from laion2b.formats.embeddings import open_embeddings

from .exact import MOST_DIMENSIONS

ENDINGS = (".h5", ".npy", ".npz")
MOST = 1_000_000
"""Queries that a file may hold; they are held in memory."""


def read_given(path: Path, md5: str | None, dimensions: int, metric: str, ending: str | None = None) -> np.ndarray:
    """Return the queries in a file that a user names, float32 of shape (queries, dimensions).

    Raises PartError if the file is not sound, or not of this md5, and ConfigError if its rows can't be queries here.
    """
    ending = ending or path.suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"{path} can't hold queries. Expected: a file that ends in {', '.join(ENDINGS)}.")
    check_md5(path, md5)
    with open_embeddings(path, ending) as matrix:
        if matrix.dtype.itemsize > np.dtype(np.float32).itemsize:
            raise ConfigError(f"{path} holds numbers of type {matrix.dtype}. Expected: float32 or float16.")
        if matrix.rows > MOST:
            raise ConfigError(f"{path} holds {matrix.rows:,} rows. Expected: at most {MOST:,} queries.")
        blocks = [block.astype(np.float32) for block in matrix.stored()]
        queries = np.concatenate([np.empty((0, matrix.dimensions), np.float32), *blocks])
    check(path, queries, dimensions, metric)
    return queries


def check_md5(path: Path, md5: str | None) -> None:
    """Raise PartError unless a file has this md5, if there is one."""
    if not md5:
        return
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != md5.lower():
        raise PartError(
            explain(
                path,
                found=f"md5 {found}",
                expected=f"{md5.lower()}, as the configuration says",
                cause="the file was changed or cut, or the md5 in the configuration is of another file",
                do="compare both with the source, and correct the configuration or delete the file",
            )
        )


def check_downloaded(path: Path, entry: Mapping, ending: str) -> None:
    """Raise PartError unless a file is what an entry of the configuration promises: queries, or a gold standard."""
    check_md5(path, entry.get("md5"))
    if "last" not in entry and ending.lower() in ENDINGS:
        with open_embeddings(path, ending.lower()):
            return
    try:
        h5py.File(path, "r", locking=False).close()
    except H5_ERRORS as error:
        raise PartError.unsound(path, f"a file that HDF5 can't open ({error})", "HDF5") from None


def check_dimensions(dimensions: int) -> None:
    """Raise ConfigError if rows have more dimensions than exact sums are proven for."""
    if dimensions > MOST_DIMENSIONS:
        raise ConfigError(
            f"Searches are exact for up to {MOST_DIMENSIONS:,} dimensions, but the embeddings have {dimensions:,}. "
            "docs/exactness.md says why."
        )


def check(path: Path, queries: np.ndarray, dimensions: int, metric: str) -> None:
    """Raise ConfigError unless all rows of a matrix of shape (n, d) can be queries."""
    if not len(queries):
        raise ConfigError(f"{path} holds no query. Expected: one in each row.")
    check_dimensions(dimensions)
    if queries.shape[1] != dimensions:
        raise ConfigError(
            f"{path}: found queries of {queries.shape[1]} dimensions, expected {dimensions}, as the embeddings "
            "have. Likely cause: they come from another model. What to do: name a file that fits under `queries`."
        )
    odd = np.flatnonzero(~np.isfinite(queries).all(axis=1))
    if len(odd):
        raise ConfigError(f"{path}: query {odd[0]} (from 0) holds NaN or infinity, {_others(odd)}. Take such rows out.")
    zero = np.flatnonzero(~queries.any(axis=1))
    if len(zero) and metric == "cosine":
        raise ConfigError(
            f"{path}: query {zero[0]} (from 0) is all zero, {_others(zero)}. It has no direction, so there is no "
            "cosine. Take such rows out, or set `metric: dot`."
        )


def _others(rows: np.ndarray) -> str:
    return f"as are {len(rows) - 1} others" if len(rows) > 1 else "and no other is"


def write(path: Path, queries: np.ndarray, rows: np.ndarray | None = None, about: Mapping | None = None) -> None:
    """Write queries.h5; of drawn queries also the rows of the part they are, and how they were drawn."""
    with appearing(path) as (temporary,), h5py.File(temporary, "w", locking=False) as file:
        file.create_dataset(KEY, data=queries.astype("<f4"))
        if rows is not None:
            file.create_dataset("row", data=rows.astype("<u8"))
        for name, value in (about or {}).items():
            file.attrs[name] = value


def load(path: Path) -> np.ndarray:
    """Return the queries that `write` wrote, float32 of shape (queries, dimensions)."""
    with open_embeddings(path) as matrix:
        blocks = [block.astype(np.float32) for block in matrix.stored()]
        return np.concatenate([np.empty((0, matrix.dimensions), np.float32), *blocks])


def xxh3(queries: np.ndarray) -> str:
    """Return the XXH3 (128 bits) of queries."""
    import xxhash  # the environment of downloads, where files are only checked, has none

    return xxhash.xxh3_128_hexdigest(np.ascontiguousarray(queries, "<f4"))
