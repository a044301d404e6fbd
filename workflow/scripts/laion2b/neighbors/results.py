"""neighbors/NNNN.h5, the nearest rows of one shard, and the record beside it that says what it is the result of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xxhash

from laion2b.errors import ShardError
from laion2b.files import appearing, read_json
from laion2b.formats.emb import H5_ERRORS
from laion2b.shards.record import Shard as ShardRecord

from . import queries
from .definition import Definition
from .search import Nearest

KINDS: dict[str, np.dtype] = {"rows": np.dtype("<u4"), "distances": np.dtype("<f8")}
"""The datasets, of shape (queries, kept)."""


@dataclass(frozen=True)
class Record:
    """What a result is the result of."""

    part: str
    definition: dict
    queries_xxh3: str
    kept: int
    """Rows kept for each query, at most."""
    rows: int
    candidates: int
    """Rows that can be neighbors."""
    not_finite_rows: int
    zero_rows: int
    searched_again: int
    """Queries of which the first screen did not rule out enough. It depends on the machine."""
    embeddings_xxh3: str
    source: str
    """The file that the rows were read from."""
    rows_xxh3: str
    distances_xxh3: str

    @property
    def columns(self) -> int:
        """How many rows the file holds for each query."""
        return min(self.kept, self.candidates)

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read a record. Raises ShardError if it is none, or of another part."""
        try:
            record = cls(**(read_json(path) or {}))
        except TypeError:
            raise ShardError.unfit(
                path.with_suffix(".h5"),
                f"{path.name}, which is not the record of a search",
                "JSON with hashes",
                "the file was damaged, or written by another version",
            ) from None
        if record.part != path.stem:
            cause = "files of another part were copied over it"
            raise ShardError.unfit(path.with_suffix(".h5"), f"a result of part {record.part}", path.stem, cause)
        return record

    def check(self, path: Path, definition: Definition, queries_xxh3: str, embeddings_xxh3: str | None) -> None:
        """Raise ShardError unless the result at `path` is of these queries, this metric and these embeddings."""
        if not definition.is_served_by(self.definition) or self.queries_xxh3 != queries_xxh3:
            raise ShardError(
                f"{path} is a result for other queries, or by another definition ({self.definition}), than now asked "
                f"for ({asdict(definition)}). To replace it, and all others, run the same command with "
                "`--forcerun search`; to keep them, put `queries`, `neighbors` and `metric` back as they were."
            )
        if embeddings_xxh3 not in (None, self.embeddings_xxh3):
            cause = "the shard was made again since, by another definition or from other parts"
            raise ShardError.unfit(path, f"the result for embeddings {self.embeddings_xxh3}", embeddings_xxh3, cause)


def write(path: Path, record_path: Path, nearest: Nearest, about: Mapping) -> Record:
    """Write a result and its record; `about` are the record's fields but the hashes."""
    arrays: dict[str, Any] = {"rows": nearest.rows, "distances": nearest.distances}
    with appearing(path, record_path) as (new, new_record):
        hashes = {}
        with h5py.File(new, "w", locking=False) as file:
            for name, lines in arrays.items():
                data = np.array(lines, KINDS[name])
                file.create_dataset(name, data=data)
                hashes[f"{name}_xxh3"] = xxhash.xxh3_128_hexdigest(data)
        record = Record(**dict(about) | hashes)
        new_record.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    return record


class Result:
    """A result that is read in order, some queries at a time, and compared with its record as it is read."""

    def __init__(self, path: Path, record: Record, queries: int) -> None:
        self.path, self.record, self._queries = path, record, queries
        self._hashers = {name: xxhash.xxh3_128() for name in KINDS}

    def read(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and distances of queries, each of shape (end - first, columns). Raises ShardError if damaged."""
        arrays = []
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                for name, kind in KINDS.items():
                    if file[name].shape != (self._queries, self.record.columns) or file[name].dtype != kind:
                        raise self._damaged(f"{name} of shape {file[name].shape}, {file[name].dtype}")
                    arrays.append(file[name][first:end])
                    self._hashers[name].update(arrays[-1])
        except H5_ERRORS as error:
            raise self._damaged(f"a file that can't be read ({error})") from None
        hashes = {name: hasher.hexdigest() for name, hasher in self._hashers.items()}
        if end == self._queries and hashes != {name: getattr(self.record, f"{name}_xxh3") for name in KINDS}:
            raise self._damaged("other contents than its record says")
        return arrays[0], arrays[1]

    def _damaged(self, found: str) -> ShardError:
        expected = f"the result for {self._queries:,} queries, {self.record.columns:,} rows for each"
        return ShardError.unfit(self.path, found, expected, "the file was damaged or replaced after it was written")


def open_all(
    queries_file: Path, results: Sequence[Path], records: Sequence[Path], definition: Definition
) -> tuple[np.ndarray, str, list[Result]]:
    """Return the queries, float32 of shape (queries, dimensions), their XXH3, and the results of shards.

    Raises ShardError unless each result is for these queries and the embeddings of the shard whose record is given.
    """
    vectors = queries.load(queries_file)
    xxh3 = queries.xxh3(vectors)
    opened = []
    for path, shard in zip(results, records, strict=True):
        record = Record.read(path.with_suffix(".json"))
        record.check(path, definition, xxh3, ShardRecord.read_own(shard).embeddings_xxh3)
        opened.append(Result(path, record, len(vectors)))
    return vectors, xxh3, opened
