"""Filter one part to its shard: the kept rows of the embeddings and of the metadata, in step."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from laion2b.errors import PartError, explain
from laion2b.files import Output, appearing, leave_reserve
from laion2b.formats import hdf5, tsv
from laion2b.formats.emb import HALF, half, rounded
from laion2b.formats.embeddings import Embeddings, open_embeddings
from laion2b.formats.metadata import Metadata, open_metadata

from . import keep, keys, spelling
from .census import Census
from .definition import Definition
from .record import Shard
from .selection import Selection
from .spelling import TAG

log = logging.getLogger(__name__)

MOST_TAGS = 100
"""Different tags that are counted one by one. A part with more is odd, and its record should stay small."""
LONGEST_TAG = 1000
"""Bytes at most of one tag, for the same reason."""


def filter_part(
    embeddings: Path, metadata: Path | None, *, shard_embeddings: Path, shard_metadata: Path | None, shard_record: Path,
    part: str, definition: Definition, modulus: int | None = None,
    family: str | None = None,
) -> Shard:  # fmt: skip
    """Write the shard of one part: HDF5 of shape (rows kept, dimensions), TSV with as many rows, and their record.

    Without columns to write there is no TSV, and without columns to read no metadata. With a `modulus`, it counts which
    parts the rows come from, as their keys say (see `keys`). Raises PartError, and leaves what was there before, if the
    two files don't fit each other or the definition.
    """
    written = [shard_embeddings, *([shard_metadata] if shard_metadata else [])]
    with ExitStack() as stack:
        matrix = stack.enter_context(open_embeddings(embeddings, array=definition.array))
        table = stack.enter_context(open_metadata(metadata, definition.aliases)) if metadata else None
        check_part(matrix, table, definition)
        new_embeddings, *new_metadata = stack.enter_context(appearing(*written))
        selection = Selection(definition, shard_record.parent.parent)
        found = FromMetadata.nothing(matrix.rows)
        if table:
            origins = keys.Origins(modulus) if modulus and keys.can_tell(table) else None
            found = filter_metadata(table, *new_metadata, definition=definition, selection=selection, origins=origins)
        census, embeddings_hash = filter_embeddings(matrix, found.mask, new_embeddings)
        metadata_bytes = sum(file.stat().st_size for file in new_metadata)
    shard = Shard(
        part=part,
        rows_in=len(found.mask),
        rows=int(found.mask.sum()),
        definition=definition.content(),
        embeddings_xxh3=embeddings_hash,
        metadata_xxh3=found.xxh3,
        metadata_bytes=metadata_bytes,
        tags=_fewer(found.tags),
        zero_rows=census.zero,
        not_finite_rows=census.not_finite,
        family=family or "",
        rounded_rows=census.rounded,
        parts_by_key=found.parts_by_key,
        listed_rows=dict(selection.taken),
    )
    spelling.warn(shard, found.tags, shard_record)
    keys.warn(shard, shard_record)
    _say_rounded(matrix, shard, shard_record)
    shard.write(shard_record)
    _report(shard)
    return shard


def check_part(matrix: Embeddings, table: Metadata | None, definition: Definition) -> None:
    """Raise PartError unless a part's two files fit each other and the definition. Warns about conversions."""
    matrix.check_dimensions(definition.dimensions)
    if conversion := matrix.conversion():
        log.warning("%s: %s.", matrix.path, conversion)
    if not table:
        return
    if matrix.rows != table.rows:
        raise PartError(
            explain(
                f"{matrix.path} and {table.path}",
                found=f"{matrix.rows:,} embeddings and {table.rows:,} rows of metadata",
                expected="as many of one as of the other",
                cause="one of the files belongs to another part or version",
                do="compare both with the mirror, delete the wrong one, and run the same command again",
            )
        )
    keep.check_table(table, definition)


@dataclass(frozen=True)
class FromMetadata:
    """What the metadata of a part say about its rows."""

    mask: np.ndarray
    """Which rows stay, bool of shape (rows of the part,)."""
    tags: Counter
    """Rows for each tag."""
    xxh3: str
    """XXH3 of the TSV; empty if there is none."""
    parts_by_key: dict[str, int]

    @classmethod
    def nothing(cls, rows: int) -> "FromMetadata":
        """Return what is said of a part without metadata: all rows stay."""
        return cls(np.ones(rows, bool), Counter(), "", {})


def filter_metadata(
    table: Metadata, target: Path | None = None, *, definition: Definition, selection: Selection,
    origins: keys.Origins | None = None,
) -> FromMetadata:  # fmt: skip
    """Write the TSV of the rows that stay, if there is a `target`. Tags, and keys in `origins`, are counted for all."""
    tags: Counter[str] = Counter()
    masks = [np.empty(0, bool)]
    columns = dict.fromkeys([*definition.needed_columns(), *([keys.KEY] if origins else [])])
    with _tsv(target, definition) as (write, hasher), closing(table.batches(list(columns))) as batches:
        for batch in batches:
            try:
                kept = selection.mask(batch)
                lines = tsv.lines(batch.select(definition.columns), kept) if target else b""
            except MemoryError:
                raise
            except pa.ArrowException as error:
                raise table.error(
                    f"values that can't be compared or written ({error})", "others", "odd types"
                ) from None
            masks.append(kept.to_numpy(zero_copy_only=False))
            if origins:
                origins.add(batch.column(keys.KEY))
            write(lines)
            if TAG in batch.schema.names:
                _count(batch.column(TAG), tags, table.path)
    mask = np.concatenate(masks)
    if len(mask) != table.rows:
        raise table.error(
            f"{len(mask):,} rows", f"{table.rows:,}, as its footer says", "the file was altered or damaged"
        )
    return FromMetadata(mask, tags, hasher.hexdigest() if target else "", origins.result() if origins else {})


@contextmanager
def _tsv(target: Path | None, definition: Definition) -> Iterator[tuple[Callable, xxhash.xxh3_128]]:
    """Yield a function that writes lines to a TSV with its header, and what hashes all of it. None writes nothing."""
    hasher = xxhash.xxh3_128()
    if target is None:
        yield lambda _: None, hasher
        return
    with target.open("wb") as file:
        output = Output(file.fileno())

        def write(data: bytes | memoryview) -> None:
            leave_reserve(target, len(data))
            output.write(data)
            hasher.update(data)

        write(definition.header())
        yield write, hasher


def _count(column: pa.Array, tags: Counter, path: Path) -> None:
    for pair in pc.value_counts(tsv.text(column)).to_pylist():
        value = pair["values"]
        if len(value or b"") > LONGEST_TAG:
            found, cause = f"a tag of {len(value):,} bytes", f"the column {TAG} holds something else than tags"
            raise PartError.unsound(path, found, f"at most {LONGEST_TAG:,}", cause)
        tags["missing" if value is None else value.decode(errors="replace")] += pair["counts"]


def _fewer(tags: Counter) -> dict[str, int]:
    counts = dict(tags.most_common(MOST_TAGS))
    if rest := tags.total() - sum(counts.values()):
        counts[f"{len(tags) - MOST_TAGS} other tags"] = rest
    return counts


def filter_embeddings(matrix: Embeddings, mask: np.ndarray, target: Path) -> tuple[Census, str]:
    """Write the HDF5 of the kept rows. Return how many of them are unusual, and the XXH3."""
    census, hasher = Census(), xxhash.xxh3_128()
    with hdf5.create(target, int(mask.sum()), matrix.dimensions) as output:
        row = 0
        for stored in matrix.stored():
            block = half(stored)
            kept = mask[row : row + len(block)]
            census.count(block, kept)
            census.rounded += int((rounded(stored, block) & kept).sum())
            runs = kept_runs(block, kept)
            for run in runs:
                hasher.update(run)
            output.write(*runs)
            row += len(block)
    return census, hasher.hexdigest()


def kept_runs(block: np.ndarray, mask: np.ndarray) -> list[memoryview]:
    """Return the runs of kept rows as memory views, so that they can be written without a copy."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    flat = memoryview(block.reshape(-1).view(np.uint8))
    width = block.shape[1] * block.itemsize
    return [flat[start * width : stop * width] for start, stop in edges.reshape(-1, 2).tolist()]


def _say_rounded(matrix: Embeddings, shard: Shard, record: Path) -> None:
    """Tell, once for all parts, whether float32 or float64 numbers were rounded."""
    if matrix.dtype.itemsize == HALF.itemsize:
        return
    if not shard.rounded_rows:
        log.info("%s: float16 holds all its %s numbers exactly.", matrix.path, matrix.dtype)
        return
    is_known = any(other.rounded_rows for other in shard.others(record))
    log.log(
        logging.INFO if is_known else logging.WARNING,
        "%s: the %s numbers of %s of %s rows are rounded to float16 (to nearest, ties to even). A copy of "
        "LAION's float16 embeddings would not need that, so these come from another model or program.",
        matrix.path, matrix.dtype, f"{shard.rounded_rows:,}", f"{shard.rows:,}",
    )  # fmt: skip


def _report(shard: Shard) -> None:
    share = shard.rows / shard.rows_in if shard.rows_in else 0
    tags = ", ".join(f"{tag or repr(tag)} {count:,}" for tag, count in shard.tags.items())
    for name, rows in shard.listed_rows.items():
        log.info("%s: %s took %s rows.", shard.part, name, f"{rows:,}")
    log.info(
        "%s: %s of %s rows kept (%.2f %%). Tags: %s. Kept as they are: %s rows all zero, %s with NaN or infinity.",
        shard.part, f"{shard.rows:,}", f"{shard.rows_in:,}", 100 * share, tags, shard.zero_rows, shard.not_finite_rows,
    )  # fmt: skip
