"""Compare a finished subset, or a copy of one, with the records of its shards and with the official figures.

Both files are read once, in blocks. No other file is read or written.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xxhash

from laion2b.errors import ShardError
from laion2b.formats.blocks import OnBytes, blocks
from laion2b.formats.emb import H5_ERRORS, HALF
from laion2b.formats.hdf5 import Product
from laion2b.formats.tsv_rows import TsvRows
from laion2b.names import NAME
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard

from . import official
from .definition import Definition as DefinitionOfSubset
from .definition import stated
from .findings import Check, Findings
from .norms import Statistics
from .official import Subset

WITHOUT_RECORDS = (
    "whether these are all rows of the parts, bit by bit. That needs the records of the shards: --records shards/*.json"
)
WITHOUT_METADATA = "the TSV of these rows, because none was named"


def bytes_to_read(*files: Path | None) -> int:
    """Return how many bytes a check reads: all of a TSV, and the data of HDF5 as they are without compression."""
    return sum(map(_bytes_to_read, filter(None, files)))


def _bytes_to_read(file: Path) -> int:
    try:
        with Product.open(file) as product:
            return product.rows * product.dimensions * HALF.itemsize
    except ShardError:
        return file.stat().st_size


def verify_subset(
    embeddings: Path,
    metadata: Path | None,
    records: Sequence[Path],
    last: int | None,
    definition: Definition | None,
    on_bytes: OnBytes,
) -> Findings:
    """Check a subset, or a copy of one, by the paths of its records and the number of its last part.

    Records of parts after `last` are left out. Without a definition, that of the records is used. Without
    records, it is that which the file states, or else the official one. Raises OSError if a file does not exist.
    """
    said = stated(embeddings)
    if not definition:
        without = said.of_shards() if said else official.DEFINITION
        definition = Shard.definition_of(records[0]) if records else without
    try:
        shards = [Shard.read(path, definition) for path in records]
    except ShardError as error:
        findings = Findings()
        findings.unreadable(records[0].parent, error)
        return findings
    shards = [each for each in shards if last is None or int(each.part) <= last]
    return verify(embeddings, metadata, shards, definition, meant(shards, last, definition, said), on_bytes)


def meant(
    shards: Sequence[Shard], last: int | None, definition: Definition, said: DefinitionOfSubset | None = None
) -> Subset | None:
    """Return the official subset that shards should make, or None if they are others, or the product is `said` to be.

    Without shards, only `last` says what the subset is. Shards that leave a part out are no official subset.
    """
    parts = [int(each.part) for each in shards] or [official.FIRST_PART]
    name = said.name if said else NAME
    families = {each.family for each in shards if each.family} | ({said.family} if said else set())
    is_range = parts == list(range(parts[0], parts[-1] + 1))
    last = parts[-1] if shards else last
    return official.subset(definition, parts[0], last, name, families) if is_range else None


def verify(
    embeddings: Path,
    metadata: Path | None,
    records: Sequence[Shard],
    definition: Definition,
    subset: Subset | None,
    on_bytes: OnBytes,
) -> Findings:
    """Check `emb`, shape (rows, dimensions), and the TSV of its rows against the records of their shards.

    Checks that need a TSV or records are left out without them. `subset` is the official one that this should be, or
    None. Raises OSError if a file does not exist.
    """
    findings, text, rows, first = Findings(), None, 0, None
    files = [file for file in (embeddings, metadata) if file]
    before = [_state(file) for file in files]
    if records:
        _check_counts(findings, records, definition)
    else:
        findings.unchecked.append(WITHOUT_RECORDS)
    if not metadata:
        findings.unchecked.append(WITHOUT_METADATA)
    try:
        with Product.open(embeddings) as product:
            rows, first = product.rows, next(product.blocks(0, 1), None)
            _check_embeddings(findings, product, records, definition, on_bytes)
    except (ShardError, *H5_ERRORS) as error:
        findings.unreadable(embeddings, error)
    if metadata:
        text = _check_metadata(findings, metadata, records, definition, on_bytes)
        findings.compare("rows of the TSV", text.rows, rows)
    if [_state(file) for file in files] != before:
        findings.checks.append(
            Check("files that do not change", False, "a file was written meanwhile", "the same files")
        )
    if subset:
        differences = _differences(subset, rows, first, text)
        findings.official = f"differs: {'; '.join(differences)}" if differences else "matches the official subset"
        findings.checks.append(Check("official subset", not differences, findings.official, str(subset)))
    return findings


def _state(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _check_counts(findings: Findings, records: Sequence[Shard], definition: Definition) -> None:
    def adds_up(record: Shard) -> bool:
        kept = record.rows_in - record.tags.get("NSFW", 0) - record.tags.get("missing", 0)
        # If there are very many tags, the rarest are counted together. Among them may be any tag.
        is_known = record.tags and not any(tag.endswith(" other tags") for tag in record.tags)
        is_exact = is_known and definition.keep == official.DEFINITION.keep and not definition.lists()
        is_kept = record.rows == kept if is_exact else record.rows <= record.rows_in
        return is_kept and sum(record.tags.values()) in (record.rows_in, 0)

    wrong = [record.part for record in records if not adds_up(record)]
    findings.all_parts("rows of each tag add up to the rows of the part, and to those kept", records, wrong)


def _check_embeddings(
    findings: Findings, product: Product, records: Sequence[Shard], definition: Definition, on_bytes: OnBytes
) -> None:
    statistics = Statistics()
    findings.compare("dimensions", product.dimensions, definition.dimensions)
    if not records:
        for block in product.blocks(0, product.rows):
            statistics.add(block)
            on_bytes(block.nbytes)
        findings.statistics = statistics.result()
        return
    findings.compare("rows of emb", product.rows, sum(record.rows for record in records))
    if product.parts is not None:  # a copy that others made may lack them
        stated = [record.part for record in records if product.parts.get(int(record.part)) != record.rows]
        findings.all_parts("the attribute `rows` has the rows of each part", records, stated)
    wrong, start = [], 0
    for record in records:
        hasher = xxhash.xxh3_128()
        for block in product.blocks(start, record.rows):
            hasher.update(block)
            statistics.add(block)
            on_bytes(block.nbytes)
        if hasher.hexdigest() != record.embeddings_xxh3:
            wrong.append(record.part)
        start += record.rows
    findings.all_parts("embeddings have the XXH3 of their shard", records, wrong)
    findings.statistics = statistics.result()
    findings.compare("rows all zero", findings.statistics["zero"], sum(record.zero_rows for record in records))
    findings.compare(
        "rows with NaN or infinity",
        findings.statistics["not_finite"],
        sum(record.not_finite_rows for record in records),
    )


def _check_metadata(
    findings: Findings, metadata: Path, records: Sequence[Shard], definition: Definition, on_bytes: OnBytes
) -> TsvRows:
    header, text = definition.header(), TsvRows()
    wrong = []
    with metadata.open("rb") as stream:
        findings.compare("columns of the TSV", _columns(stream.read(len(header))), _columns(header))
        for record in records:
            hasher, before = xxhash.xxh3_128(header), text.rows
            for block in blocks(stream, record.metadata_bytes - len(header)):
                hasher.update(block)
                text.update(block)
                on_bytes(len(block))
            if (hasher.hexdigest(), text.rows - before) != (record.metadata_xxh3, record.rows):
                wrong.append(record.part)
        position = stream.tell()
        for block in blocks(stream, metadata.stat().st_size - position):
            text.update(block)
            on_bytes(len(block))
        rest = stream.tell() - position
    if records:
        findings.all_parts("lines of the TSV have the XXH3 and the rows of their shard", records, wrong)
        findings.compare("bytes after the last row of the TSV", rest, 0)
    return text


def _columns(header: bytes) -> str:
    names = header.decode(errors="backslashreplace").removesuffix("\n").split("\t")
    return ", ".join(name.encode("unicode_escape").decode() for name in names)


def _differences(subset: Subset, rows: int, first: np.ndarray | None, text: TsvRows | None) -> list[str]:
    """Return the differences from an official subset."""
    differences = []
    if not subset.agrees(rows):
        differences.append(f"{rows:,} rows, not {subset}")
    if text and not text.first.lstrip(b'"').startswith(official.FIRST_CAPTION):
        differences.append("another caption in the first row")
    if text and subset.last_caption and not text.last.lstrip(b'"').startswith(subset.last_caption):
        differences.append("another caption in the last row")
    if first is None or not official.is_first(first[0]):
        differences.append("another embedding in the first row")
    return differences
