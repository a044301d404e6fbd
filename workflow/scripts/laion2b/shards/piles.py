"""Piles: the rows of each part that were found in a copy so far, on disk, where they grow as the copy is read.

A pile is two files, which are only appended to: the embeddings as bare float16, and the metadata as a stream of Arrow.
`state.json` says how many bytes of each are good, and how far the copy was read. What a killed run wrote after that is
cut off.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from laion2b.errors import ConfigError
from laion2b.files import about, leave_reserve, read_json, write_json
from laion2b.formats.emb import HALF

log = logging.getLogger(__name__)

STATE = "state.json"
Rows = tuple[pa.RecordBatch, np.ndarray]
"""Metadata and embeddings of the same rows."""


@dataclass
class Pile:
    """How much of a part there is."""

    rows: int = 0
    bytes: int = 0
    """Bytes of its metadata."""
    runs: int = 0
    """Unbroken runs of its rows in the copy: 1 if the copy kept the part together."""


@dataclass
class Piles:
    """The piles in a folder, and what they were made from."""

    folder: Path
    source: dict
    """What the piles belong to: files with their sizes and times, and the modulus."""
    schema: pa.Schema
    dimensions: int
    file: int = 0
    """The file that is read now, from 0."""
    row: int = 0
    """Rows of it that are in the piles."""
    unknown: int = 0
    """Rows whose key names no part; they are left out."""
    last: str | None = None
    """The part of the last row."""
    piles: dict[str, Pile] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    """Parts that are complete in parts/, and whose piles are deleted."""

    @classmethod
    def open(cls, folder: Path, source: dict, schema: pa.Schema, dimensions: int) -> "Piles":
        """Return the piles that an earlier run left for the same source, else new ones.

        Raises ConfigError if the folder holds those of another source.
        """
        piles = cls(folder, source, schema, dimensions)
        folder.mkdir(parents=True, exist_ok=True)
        known = read_json(folder / STATE)
        if known is None:
            return piles
        if known.get("source") != source:
            raise ConfigError(
                f"{folder} holds what an earlier run regrouped from other files, or from these before they were "
                f"changed. If that is not needed any more, delete {folder}, and run the same command again."
            )
        piles.piles = {part: Pile(**each) for part, each in known["piles"].items()}
        piles.file, piles.row, piles.unknown = known["file"], known["row"], known["unknown"]
        piles.last, piles.published = known["last"], known["published"]
        piles._cut()
        log.info("%s: going on in file %s after row %s", folder, piles.file, f"{piles.row:,}")
        return piles

    def _cut(self) -> None:
        for part, pile in self.piles.items():
            if part not in self.published:
                for path, size in zip(self.paths(part), (pile.rows * self._width, pile.bytes), strict=True):
                    with path.open("r+b") as file:
                        file.truncate(size)

    @property
    def _width(self) -> int:
        return self.dimensions * HALF.itemsize

    def paths(self, part: str) -> tuple[Path, Path]:
        """Return the files of a pile: embeddings, and metadata."""
        return self.folder / f"{part}.f16", self.folder / f"{part}.arrow"

    def save(self) -> None:
        """Write down what is good."""
        content = {
            "source": self.source, "file": self.file, "row": self.row, "unknown": self.unknown, "last": self.last,
            "published": self.published, "piles": {part: vars(pile) for part, pile in self.piles.items()},
        }  # fmt: skip
        write_json(self.folder / STATE, content)

    def add(self, parts: np.ndarray, unknown: int, vectors: np.ndarray, metadata: pa.Table) -> None:
        """Append rows to the piles of their parts, in order; int64 of shape (rows,), `unknown` for rows of no part."""
        leave_reserve(self.folder / STATE, vectors.nbytes + metadata.nbytes)
        self._count_runs(parts, unknown)
        order = np.argsort(parts, kind="stable")
        numbers, starts = np.unique(parts[order], return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
            if number == unknown:
                self.unknown += len(rows)
            else:
                self._append(f"{number:04d}", vectors[rows], metadata.take(rows))

    def _count_runs(self, parts: np.ndarray, unknown: int) -> None:
        known = parts[parts != unknown]
        for number in known[np.flatnonzero(np.diff(known, prepend=-1))].tolist():
            part = f"{number:04d}"
            if part != self.last:
                self.piles.setdefault(part, Pile()).runs += 1
            self.last = part

    def _append(self, part: str, vectors: np.ndarray, metadata: pa.Table) -> None:
        pile = self.piles[part]
        embeddings, texts = self.paths(part)
        mode = "ab" if pile.rows else "wb"  # a killed run may have left a file of which nothing is good
        with about(embeddings), embeddings.open(mode) as file:
            file.write(np.ascontiguousarray(vectors).data)
        messages = [batch.serialize() for batch in metadata.combine_chunks().to_batches()]
        if not pile.bytes:
            messages.insert(0, self.schema.serialize())
        with about(texts), texts.open(mode) as file:
            for message in messages:
                file.write(message)
        pile.rows += len(vectors)
        pile.bytes += sum(message.size for message in messages)

    def matrix(self, part: str) -> np.ndarray:
        """Return the embeddings of a pile, float16 of shape (rows, dimensions), mapped from the disk."""
        return np.memmap(self.paths(part)[0], HALF, "r", shape=(self.piles[part].rows, self.dimensions))

    def table(self, part: str) -> pa.Table:
        """Return the metadata of a pile, mapped from the disk."""
        with pa.memory_map(str(self.paths(part)[1])) as source, pa.ipc.open_stream(source) as reader:
            return reader.read_all()

    def drop(self, part: str) -> None:
        """Delete a pile, because its part is complete."""
        self.published.append(part)
        self.save()
        for path in self.paths(part):
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder, when all parts are complete."""
        shutil.rmtree(self.folder)


def in_step(batches: Iterator[pa.RecordBatch], blocks: Iterator[np.ndarray]) -> Iterator[Rows]:
    """Yield batches of metadata, each with the embeddings of its rows, from blocks of any other size."""
    rest: Sequence[np.ndarray] = []
    for batch in batches:
        have = sum(map(len, rest))
        waiting = list(rest)
        while have < batch.num_rows:
            waiting.append(next(blocks).copy())
            have += len(waiting[-1])
        together = np.concatenate(waiting) if waiting else np.empty((0, 0))
        rest = [together[batch.num_rows :]]
        yield batch, together[: batch.num_rows]
