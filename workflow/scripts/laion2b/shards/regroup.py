"""Regroup copies whose files are no parts: each row goes to the part that its key names.

A copy is one or more Parquet tables that hold embeddings, metadata and the column `key`. It is read once, and may be
larger than the memory. A run that is killed goes on where it was.
"""

import logging
import os
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.errors import ConfigError, PartError, explain
from laion2b.files import flush, leave_reserve, name_if_free
from laion2b.formats.emb import HALF, half
from laion2b.formats.embeddings import open_embeddings
from laion2b.formats.metadata import Metadata, is_scalar, is_text, open_metadata, value_type
from laion2b.names import TEMPORARY, files_of_part, with_ending
from laion2b.parts import record

from . import keys
from .piles import Piles, Rows, in_step

log = logging.getLogger(__name__)

BUFFERED = 64 * 1024 * 1024
"""Bytes of embeddings that are held before they go to the piles."""
AT_ONCE = 16 * 1024
"""Rows of a row group of the metadata that are written."""
FEW = 0.9
"""A part with fewer rows than this share of the median was probably cut by the end of the copy."""
REGROUPED = "regrouped"
"""The key by which the record of a file says that it was made here."""


def regroup(files: Sequence[Path], folder: Path, parts: Path, modulus: int, order: str, array: str | None) -> list[str]:
    """Write img_emb_NNNN.npy and metadata_NNNN.parquet for each part of which there are rows; return the parts.

    The rows of a part are in the order of the copy, or in that of their keys. `folder` holds what is not finished, and
    is deleted at the end. Raises PartError if a file is not sound, and ConfigError if a part exists already.
    """
    schema, dimensions = _first(files[0], array)
    piles = Piles.open(folder, _source(files, modulus, array), schema, dimensions)
    for number in range(piles.file, len(files)):
        _read(files[number], piles, modulus, array)
        piles.file, piles.row = number + 1, 0
        piles.save()
    names = sorted(piles.piles)
    _check_free(parts, [part for part in names if part not in piles.published])
    for part in names:
        if part not in piles.published:
            _publish(piles, part, parts, order)
            piles.drop(part)
    _report(piles)
    piles.remove()
    return names


def _source(files: Sequence[Path], modulus: int, array: str | None) -> dict:
    states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return {"files": [list(each) for each in states], "modulus": modulus, "array": array}


def _first(file: Path, array: str | None) -> tuple[pa.Schema, int]:
    """Return the columns of metadata that a copy has, and the dimensions of its embeddings."""
    with open_metadata(file) as table, open_embeddings(file, array=array) as matrix:
        if not keys.can_tell(table):
            raise table.error(
                "no column key of text or integers",
                "the keys of LAION's rows, which tell the part of each",
                "the copy was made without them, and then nothing says which part a row is of",
            )
        return pa.schema([(name, _kind(table, name)) for name in _columns(table)]), matrix.dimensions


def _columns(table: Metadata) -> list[str]:
    """Return the columns that can be metadata: those of text, numbers, dates or nothing."""
    kinds = {field.name: value_type(field.type) for field in table.schema}
    return [name for name, kind in kinds.items() if is_text(kind) or is_scalar(kind)]


def _kind(table: Metadata, name: str) -> pa.DataType:
    kind = value_type(table.schema.field(name).type)
    # A column may be empty in one file, and hold text in the next.
    return pa.large_string() if is_text(kind) or pa.types.is_null(kind) else kind


def _read(file: Path, piles: Piles, modulus: int, array: str | None) -> None:
    with open_metadata(file) as table, open_embeddings(file, array=array) as matrix:
        table.check_columns(piles.schema.names)
        matrix.check_dimensions(piles.dimensions)
        blocks = (half(block) for block in matrix.stored())
        waiting: list[Rows] = []
        for batch, vectors in _after(piles.row, in_step(table.batches(piles.schema.names), blocks)):
            waiting.append((batch, vectors))
            if sum(each.nbytes for _, each in waiting) >= BUFFERED:
                _add(table, piles, waiting, modulus)
                waiting = []
        _add(table, piles, waiting, modulus)


def _after(rows: int, pairs: Iterator[Rows]) -> Iterator[Rows]:
    """Leave out the first rows, which are in the piles already."""
    for batch, vectors in pairs:
        skipped = min(rows, batch.num_rows)
        rows -= skipped
        if skipped < batch.num_rows:
            yield batch.slice(skipped), vectors[skipped:]


def _add(table: Metadata, piles: Piles, waiting: Sequence[Rows], modulus: int) -> None:
    if not waiting:
        return
    try:
        metadata = pa.Table.from_batches([batch.cast(piles.schema) for batch, _ in waiting])
    except MemoryError:
        raise
    except pa.ArrowException as error:
        found, cause = f"columns of other types ({str(error)[:100]})", "the files are not of one copy"
        raise table.error(found, f"those of the first file: {piles.schema}", cause) from None
    vectors = np.concatenate([each for _, each in waiting])
    parts = keys.part_of(metadata.column(keys.KEY).combine_chunks(), modulus)
    piles.add(parts, modulus, vectors, metadata)
    piles.row += len(vectors)
    piles.save()


def _check_free(folder: Path, parts: Sequence[str]) -> None:
    """Raise ConfigError if a file of a part exists that a killed run of this one did not make."""
    for part in parts:
        if others := [file for file in files_of_part(folder, part) if not _is_ours(file)]:
            raise ConfigError(
                explain(
                    others[0],
                    found="a file of this name",
                    expected=f"none, because part {part} is made from a copy now",
                    cause="it was downloaded, or put there by you",
                    do="move it to another folder, or name another working directory with --directory; then run the "
                    "same command again, which goes on where it was",
                )
            )


def _is_ours(file: Path) -> bool:
    return bool((record.read(file) or {}).get(REGROUPED)) and record.is_unchanged(file)


def _publish(piles: Piles, part: str, folder: Path, order: str) -> None:
    """Write both files of a part from its pile."""
    table, matrix = piles.table(part), piles.matrix(part)
    places = np.arange(len(matrix))
    if order == "key":
        places = np.argsort(keys.numbers(table.column(keys.KEY).combine_chunks()), kind="stable")
    folder.mkdir(parents=True, exist_ok=True)
    _write_embeddings(folder / f"img_emb_{part}.npy", matrix, places)
    _write_metadata(folder / f"metadata_{part}.parquet", table, places)


def _write_embeddings(path: Path, matrix: np.ndarray, places: np.ndarray) -> None:
    unfinished = with_ending(path, TEMPORARY)
    leave_reserve(path, matrix.nbytes)
    with unfinished.open("wb") as file:
        header = {"descr": HALF.str, "fortran_order": False, "shape": matrix.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(places), AT_ONCE):
            file.write(np.ascontiguousarray(matrix[places[start : start + AT_ONCE]]).data)
        _finish(file, unfinished, path)


def _write_metadata(path: Path, table: pa.Table, places: np.ndarray) -> None:
    unfinished = with_ending(path, TEMPORARY)
    leave_reserve(path, table.nbytes)
    with unfinished.open("wb") as file:
        with pq.ParquetWriter(file, table.schema, compression="snappy") as writer:
            for start in range(0, len(places), AT_ONCE):
                writer.write_table(table.take(places[start : start + AT_ONCE]))
        _finish(file, unfinished, path)


def _finish(file: BinaryIO, unfinished: Path, path: Path) -> None:
    """Give a file its name, if it is free. Its record comes first, so that a killed run knows the file again."""
    file.flush()
    os.fsync(file.fileno())
    if path.exists() and _is_ours(path):
        unfinished.unlink()
        return
    sha256 = record.sha256_of(unfinished)
    record.write(path, url=None, stat=unfinished.stat(), sha256=sha256, started=record.now())
    record.add(path, **{REGROUPED: True})
    if not name_if_free(unfinished, path):
        record.path_for(path).unlink(missing_ok=True)
        raise PartError.unsound(path, "a file that was put there meanwhile", "none")
    flush(path.parent)


def _report(piles: Piles) -> None:
    median = statistics.median([pile.rows for pile in piles.piles.values()] or [0])
    for part, pile in sorted(piles.piles.items()):
        log.info("part %s: %s rows, in %s runs", part, f"{pile.rows:,}", f"{pile.runs:,}")
    if piles.unknown:
        log.warning("%s rows have no key, and are left out.", f"{piles.unknown:,}")
    if few := [part for part, pile in sorted(piles.piles.items()) if pile.rows < FEW * median]:
        log.warning("The copy may end in the middle of parts: %s have fewer rows than most.", ", ".join(few[:10]))
    if mixed := [part for part, pile in piles.piles.items() if pile.runs > 1]:
        log.warning(
            "The rows of %s parts are not together in the copy. So the copy is not in the order of the original, and "
            "the order of rows within a part may be another one, too.",
            f"{len(mixed):,}",
        )
