"""Check a finished subset, or a copy of one: against the records of its shards, and against what is known officially.

Both files are read once, in blocks. Nothing is written, and nothing but the two files is read.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import xxhash

from . import official
from .embeddings import BLOCK, H5_ERRORS
from .errors import ShardError
from .hdf5 import Product
from .official import Subset
from .shard import Definition, Shard
from .statistics import Statistics
from .tsv_rows import TsvRows

Progress = Callable[[int], None]
"""Is told how many bytes more were read."""
NAMES = 5
"""Parts that are named where many are wrong."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    passed: bool
    found: str
    expected: str


@dataclass
class Findings:
    """All that was looked at in one subset."""

    checks: list[Check] = field(default_factory=list)
    statistics: dict = field(default_factory=dict)
    """Norms, odd rows and duplicates, which are counted and never fail: see Statistics."""
    official: str = "no official figure for this configuration"

    @property
    def failed(self) -> list[Check]:
        """The checks that did not pass."""
        return [check for check in self.checks if not check.passed]

    def compare(self, what: str, found: object, expected: object) -> None:
        """Note whether two things are equal. Numbers are noted as people read them."""
        texts = [f"{each:,}" if isinstance(each, int) else str(each) for each in (found, expected)]
        self.checks.append(Check(what, found == expected, *texts))

    def unreadable(self, file: Path, error: Exception) -> None:
        """Note that a file can't be read as what it should be."""
        self.checks.append(Check(f"{file.name} can be read", False, str(error), "a sound file"))

    def all_parts(self, what: str, records: Sequence[Shard], wrong: Sequence[str]) -> None:
        """Note whether something holds for all parts, and for which it does not."""
        names = ", ".join(wrong[:NAMES]) + (f" and {len(wrong) - NAMES} more" if len(wrong) > NAMES else "")
        found = f"not for part {names}" if wrong else f"for all {len(records)} parts"
        self.checks.append(Check(what, not wrong, found, f"for all {len(records)} parts"))

    def content(self) -> dict:
        """Return all of it as JSON holds it."""
        return {"passed": not self.failed} | asdict(self)

    def text(self) -> str:
        """Return all of it as a person reads it."""
        lines = [
            f"{'ok' if check.passed else 'FAILED':8}{check.what}: {check.found}"
            + ("" if check.passed else f"; expected {check.expected}")
            for check in self.checks
        ]
        if self.statistics:
            lines.append(
                "Of {rows:,} rows, {zero:,} are all zero, {not_finite:,} hold NaN or infinity, and {unusual:,} have "
                "another norm than 1, within {tolerance:g}.".format(**self.statistics)
            )
        return "\n".join([*lines, f"{self.official[0].upper()}{self.official[1:]}."])


def verify(
    embeddings: Path,
    metadata: Path | None,
    records: Sequence[Shard],
    definition: Definition,
    subset: Subset | None,
    progress: Progress,
) -> Findings:
    """Check `emb`, shape (rows, dimensions), and the TSV of its rows against the records of their shards.

    Without a TSV, or without records, what needs them is not checked. `subset` is the official one that this should be,
    if any. Raises OSError if a file is not there.
    """
    findings, text, rows, first = Findings(), None, 0, None
    files = [file for file in (embeddings, metadata) if file]
    before = [_state(file) for file in files]
    if records:
        _check_counts(findings, records, definition)
    try:
        with Product.open(embeddings) as product:
            rows, first = product.rows, next(product.blocks(0, 1), None)
            _check_embeddings(findings, product, records, definition, progress)
    except (ShardError, *H5_ERRORS) as error:
        findings.unreadable(embeddings, error)
    if metadata:
        text = _check_metadata(findings, metadata, records, definition, progress)
        findings.compare("rows of the TSV", text.rows, rows)
    if [_state(file) for file in files] != before:
        findings.checks.append(Check("files that stand still", False, "a file was written meanwhile", "the same files"))
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
        # Of very many tags, the rarest are counted together, and may be either.
        is_known = record.tags and not any(tag.endswith(" other tags") for tag in record.tags)
        is_exact = is_known and definition.keep == official.DEFINITION.keep
        is_kept = record.rows == kept if is_exact else record.rows <= record.rows_in
        return is_kept and sum(record.tags.values()) in (record.rows_in, 0)

    wrong = [record.part for record in records if not adds_up(record)]
    findings.all_parts("rows of each tag add up to the rows of the part, and to those kept", records, wrong)


def _check_embeddings(
    findings: Findings, product: Product, records: Sequence[Shard], definition: Definition, progress: Progress
) -> None:
    statistics = Statistics()
    findings.compare("dimensions", product.dimensions, definition.dimensions)
    if not records:
        for block in product.blocks(0, product.rows):
            statistics.add(block)
            progress(block.nbytes)
        findings.statistics = statistics.result()
        return
    findings.compare("rows of emb", product.rows, sum(record.rows for record in records))
    if product.parts is not None:  # a copy that others made need not have them
        stated = [record.part for record in records if product.parts.get(int(record.part)) != record.rows]
        findings.all_parts("the attribute tells the rows", records, stated)
    wrong, start = [], 0
    for record in records:
        hasher = xxhash.xxh3_128()
        for block in product.blocks(start, record.rows):
            hasher.update(block)
            statistics.add(block)
            progress(block.nbytes)
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
    findings: Findings, metadata: Path, records: Sequence[Shard], definition: Definition, progress: Progress
) -> TsvRows:
    header, text = definition.header(), TsvRows()
    wrong = []
    with metadata.open("rb") as stream:
        findings.compare("columns of the TSV", _columns(stream.read(len(header))), _columns(header))
        for record in records:
            hasher, before = xxhash.xxh3_128(header), text.rows
            for block in _blocks(stream, record.metadata_bytes - len(header)):
                hasher.update(block)
                text.update(block)
                progress(len(block))
            if (hasher.hexdigest(), text.rows - before) != (record.metadata_xxh3, record.rows):
                wrong.append(record.part)
        position = stream.tell()
        for block in _blocks(stream, metadata.stat().st_size - position):
            text.update(block)
            progress(len(block))
        rest = stream.tell() - position
    if records:
        findings.all_parts("lines of the TSV have the XXH3 and the rows of their shard", records, wrong)
        findings.compare("bytes after the last row of the TSV", rest, 0)
    return text


def _columns(header: bytes) -> str:
    names = header.decode(errors="backslashreplace").removesuffix("\n").split("\t")
    return ", ".join(name.encode("unicode_escape").decode() for name in names)


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (block := stream.read(min(size, BLOCK))):
        yield block
        size -= len(block)


def _differences(subset: Subset, rows: int, first: np.ndarray | None, text: TsvRows | None) -> list[str]:
    """Return what differs from an official subset; nothing if nothing does."""
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
