"""About how many bytes exports add to the disk. Needed before a run, so it imports nothing that has to be installed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from laion2b import logs

from . import names

PACKED = 1.3
"""The Parquet of embeddings takes as many times their bytes in float16: float32 doubles them, and zstd packs them."""
ANY_NAME = "{name}"
"""Whatever the names of subsets begin with."""
OF_A_ROW = 24
"""Bytes on the disk of each row while equal ones are looked for."""
TRUTH = 100 * 4 * 4
"""Bytes of the gold standard of a query: of 100 neighbors, ids and distances in both forms."""


@dataclass(frozen=True)
class Basis:
    """What the sizes follow from."""

    embeddings: int
    """Bytes of a part's embeddings."""
    metadata: int
    """Bytes of a part's metadata."""
    dimensions: int
    queries: int
    shards: Callable[[int], int]
    """How many shards the subset has that ends with a part."""
    are_links: bool
    """Hard links can be made in exports/."""
    is_virtual: bool
    """Products only point to shards, so that a link to them would lead nowhere."""

    @property
    def of_queries(self) -> int:
        """Bytes of all queries, as float16 and twice as float32, and of their gold standard."""
        return self.queries * (self.dimensions * 10 + TRUTH)


def _pattern(name: str) -> str:
    """Return the pattern of a name; a number of a part, or of rows, is a group."""
    pattern = re.sub(r"\\{(last|part|rows)\\}", r"(\\d+)", re.escape(name))
    pattern = pattern.replace(re.escape(ANY_NAME), r"[\w.]+")
    return re.sub(r"\\{\w+\\}", r"\\w+", pattern)


_SISAP, _BIGANN, _PARQUET = (_pattern(logs.mark(f"export_{kind}", "{last}")) for kind in names.FOLDERS)
_FLOAT32 = _pattern(names.ann_benchmarks_float32(name=ANY_NAME))
_OF_SUBSET: dict[str, Callable[[Basis], float]] = {
    _pattern(names.binary(kind="f16bin", name=ANY_NAME)): lambda basis: basis.embeddings,
    _pattern(names.binary(kind="fbin", name=ANY_NAME)): lambda basis: 2 * basis.embeddings,
    _pattern(names.binary(kind="fvecs", name=ANY_NAME)): lambda basis: 2 * basis.embeddings,
    _FLOAT32: lambda basis: 2 * basis.embeddings,
    _pattern(names.metadata()): lambda basis: basis.metadata,
    _SISAP: lambda basis: basis.embeddings if basis.is_virtual or not basis.are_links else 0,
    _PARQUET: lambda basis: 0 if basis.are_links else PACKED * basis.embeddings,
    _pattern(names.duplicates()): lambda basis: basis.embeddings / (2 * basis.dimensions) * OF_A_ROW,
}
"""Bytes for each shard, by the output of the job."""
_OF_PART: dict[str, Callable[[Basis], float]] = {
    _pattern(names.vectors_of_part()): lambda basis: PACKED * basis.embeddings,
    _pattern(names.metadata_of_part()): lambda basis: basis.metadata,
}
_OF_FIRST = _pattern(names.vecs(name=ANY_NAME)[0])
"""Its size follows from the number of rows in its name."""
_OF_QUERIES = "|".join([_pattern(names.ann_benchmarks(name=ANY_NAME)), _FLOAT32, _BIGANN, _PARQUET])


def added(outputs: Sequence[Path], basis: Basis) -> int:
    """Return the bytes that the exports among these outputs of jobs will add to the disk."""
    return sum(max(0, round(_size(path.as_posix(), basis)) - _there(path)) for path in outputs)


def _size(name: str, basis: Basis) -> float:
    size = basis.of_queries if re.fullmatch(_OF_QUERIES, name) else 0.0
    for pattern, of_shard in _OF_SUBSET.items():
        if match := re.fullmatch(pattern, name):
            size += of_shard(basis) * basis.shards(int(match[1]))
    if match := re.fullmatch(_OF_FIRST, name):
        size += int(match[1]) * 4 * (1 + basis.dimensions)
    return size + sum(of_part(basis) for pattern, of_part in _OF_PART.items() if re.fullmatch(pattern, name))


def _there(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def among(outputs: Sequence[Path]) -> list[Path]:
    """Return the outputs of jobs that are exports."""
    patterns = "|".join([*_OF_SUBSET, *_OF_PART, _OF_FIRST, _OF_QUERIES])
    return [path for path in outputs if re.fullmatch(patterns, path.as_posix())]


def of_links(outputs: Sequence[Path]) -> bool:
    """Tell whether one of these outputs is the mark of a folder of links."""
    return any(re.fullmatch(f"{_SISAP}|{_PARQUET}", path.as_posix()) for path in outputs)
