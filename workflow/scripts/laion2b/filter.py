"""Filter one part to its shard: the kept rows of the embeddings and of the metadata, in step."""

import logging
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from . import hdf5, keep, tsv
from .census import Census
from .embeddings import Embeddings, open_embeddings
from .errors import PartError, explain
from .files import Output, appearing, leave_reserve
from .metadata import Metadata, open_metadata
from .shard import Definition, Shard

log = logging.getLogger(__name__)

TAG = "NSFW"
MOST_TAGS = 100
"""Different tags that are counted one by one; a part with more is odd, and its record should stay small."""


def filter_part(
    embeddings: Path, metadata: Path, *, shard_embeddings: Path, shard_metadata: Path, shard_record: Path,
    part: str, definition: Definition,
) -> Shard:  # fmt: skip
    """Write the shard of one part: HDF5 of shape (rows kept, dimensions), TSV with as many rows, and their record.

    Raises PartError, and leaves what was there before, if the two files don't fit each other or the definition.
    """
    with open_embeddings(embeddings) as matrix, open_metadata(metadata) as table:
        check(matrix, table, definition)
        with appearing(shard_embeddings, shard_metadata) as (new_embeddings, new_metadata):
            mask, tags, metadata_hash = filter_metadata(table, new_metadata, definition)
            census, embeddings_hash = filter_embeddings(matrix, mask, new_embeddings)
            metadata_bytes = new_metadata.stat().st_size
    shard = Shard(
        part=part,
        rows_in=len(mask),
        rows=int(mask.sum()),
        definition=asdict(definition),
        embeddings_xxh3=embeddings_hash,
        metadata_xxh3=metadata_hash,
        metadata_bytes=metadata_bytes,
        tags=tags,
        zero_rows=census.zero,
        not_finite_rows=census.not_finite,
    )
    shard.write(shard_record)
    _report(shard)
    return shard


def check(matrix: Embeddings, table: Metadata, definition: Definition) -> None:
    """Raise PartError unless a part's two files fit each other and the definition; warn of what is converted."""
    if matrix.dimensions != definition.dimensions:
        raise PartError(
            explain(
                matrix.path,
                found=f"{matrix.dimensions} dimensions",
                expected=f"{definition.dimensions}",
                cause="the embeddings come from another model than `dimensions` in config.yaml says",
                do=f"set `dimensions: {matrix.dimensions}`, which downloads nothing again, or fix `mirrors` and delete "
                "the file",
            )
        )
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
    table.check_columns(definition.needed_columns())
    keep.check(table, definition.keep)
    if conversion := matrix.conversion():
        log.warning("%s: %s.", matrix.path, conversion)


def filter_metadata(table: Metadata, target: Path, definition: Definition) -> tuple[np.ndarray, dict, str]:
    """Write the TSV of the kept rows; return the mask of shape (rows of the part,), the rows per tag, and the XXH3."""
    masks, tags, hasher = [np.empty(0, bool)], Counter(), xxhash.xxh3_128()
    with target.open("wb") as file:
        output = Output(file.fileno())

        def write(data: memoryview) -> None:
            output.write(data)
            hasher.update(data)

        write(definition.header())
        with closing(table.batches(definition.needed_columns())) as batches:
            for batch in batches:
                try:
                    kept = keep.mask(batch, definition.keep)
                    lines = tsv.lines(batch.select(definition.columns), kept)
                except pa.ArrowException as error:
                    raise table.error(
                        f"values that can't be compared or written ({error})", "others", "odd types"
                    ) from None
                masks.append(kept.to_numpy(zero_copy_only=False))
                leave_reserve(target, len(lines))
                write(lines)
                if TAG in batch.schema.names:
                    _count(batch.column(TAG), tags)
    mask = np.concatenate(masks)
    if len(mask) != table.rows:
        raise table.error(
            f"{len(mask):,} rows", f"{table.rows:,}, as its footer says", "the file was altered or damaged"
        )
    return mask, _fewer(tags), hasher.hexdigest()


def _count(column, tags: Counter) -> None:
    for pair in pc.value_counts(tsv.text(column)).to_pylist():
        value = pair["values"]
        tags["missing" if value is None else value.decode(errors="replace")] += pair["counts"]


def _fewer(tags: Counter) -> dict[str, int]:
    counts = dict(tags.most_common(MOST_TAGS))
    if rest := tags.total() - sum(counts.values()):
        counts[f"{len(tags) - MOST_TAGS} other tags"] = rest
    return counts


def filter_embeddings(matrix: Embeddings, mask: np.ndarray, target: Path) -> tuple[Census, str]:
    """Write the HDF5 of the rows that the mask keeps; return how many of them are odd, and the XXH3."""
    census, hasher = Census(), xxhash.xxh3_128()
    with hdf5.create(target, int(mask.sum()), matrix.dimensions) as output:
        row = 0
        for block in matrix.blocks():
            kept = mask[row : row + len(block)]
            census.count(block, kept)
            runs = kept_runs(block, kept)
            for run in runs:
                hasher.update(run)
            output.write(*runs)
            row += len(block)
    return census, hasher.hexdigest()


def kept_runs(block: np.ndarray, mask: np.ndarray) -> list[memoryview]:
    """Return views of the runs of rows that are kept, so that they can be written without a copy."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    flat = memoryview(block.reshape(-1).view(np.uint8))
    width = block.shape[1] * block.itemsize
    return [flat[start * width : stop * width] for start, stop in edges.reshape(-1, 2).tolist()]


def _report(shard: Shard) -> None:
    share = shard.rows / shard.rows_in if shard.rows_in else 0
    tags = ", ".join(f"{tag or repr(tag)} {count:,}" for tag, count in shard.tags.items())
    log.info(
        "%s: %s of %s rows kept (%.2f %%). Tags: %s. Kept as they are: %s rows all zero, %s with NaN or infinity.",
        shard.part, f"{shard.rows:,}", f"{shard.rows_in:,}", 100 * share, tags, shard.zero_rows, shard.not_finite_rows,
    )  # fmt: skip
