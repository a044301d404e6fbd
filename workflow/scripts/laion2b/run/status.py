"""What exists in a working directory, and what is missing. Nothing is run, and no part or shard is opened."""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from laion2b import logs, names
from laion2b.exports import existing
from laion2b.logs import RuleName
from laion2b.parts import mirrors
from laion2b.parts.partial import Origin

from . import forms
from .outcome import INTERRUPTED, WELL, outcome_since

STATES = ("filtered", "downloaded", "partial", "missing", "failed")
FOLDERS = (names.PARTS, names.SHARDS)
LOCKS = Path(".snakemake/locks")
"""Where Snakemake notes that a run has locked the working directory."""
DISK_SECTOR = 512
"""Bytes of the unit in which the file system reports the disk that a file takes."""


@dataclass(frozen=True)
class PartFile:
    """One file of a part, as far as it was downloaded."""

    name: str
    have: int
    """Bytes that exist."""
    total: int | None
    """Bytes of the whole file; None as long as no mirror has said it."""
    is_there: bool = False
    """It has its final name: it is complete and sound."""
    changed: float = 0
    """When its last byte came, in seconds of the file system's clock."""

    @property
    def is_partial(self) -> bool:
        """True from the first byte until the file has its final name."""
        return bool(self.have) and not self.is_there


@dataclass(frozen=True)
class Part:
    """One part: its state, its files, the disk that it and its shard take."""

    number: int
    state: str
    files: tuple[PartFile, ...]
    """The embeddings, and the metadata if they have a file of their own."""
    disk: int
    error: str | None = None
    """The last error, if the state is failed."""


@dataclass(frozen=True)
class Product:
    """A file of a subset."""

    name: str
    size: int | None
    """Bytes, or None if it does not exist."""
    is_begun: bool = False
    """It is being written, or was when a run was killed."""
    error: str | None = None


@dataclass(frozen=True)
class Status:
    """What exists in a working directory."""

    parts: list[Part]
    products: list[Product]
    """Those of the requested subsets, then others that exist."""
    disk: dict[str, int]
    """Bytes on disk of all parts, shards and products in the folder, listed above or not; linked parts take none."""
    is_running: bool
    """A run has locked the working directory, or one that had was killed."""

    def count(self, state: str) -> int:
        """Return how many parts are in a state."""
        return sum(part.state == state for part in self.parts)

    @property
    def is_complete(self) -> bool:
        """True when all products exist."""
        return all(product.size is not None for product in self.products)

    def bytes_of_parts(self) -> tuple[int, int | None]:
        """Return the bytes of parts that were downloaded, and of all that are listed, or None if that is unknown.

        Files whose size no mirror has said yet are taken to be as large as others of their kind. A part that is
        filtered counts as downloaded, though it may be deleted by now.
        """
        have, total = 0, 0
        for files in zip(*(part.files for part in self.parts), strict=True):
            known = [file.total for file in files if file.total]
            if not known:
                return sum(file.have for part in self.parts for file in part.files), None
            mean = sum(known) // len(known)
            total += sum(file.total or mean for file in files)
            have += sum(
                file.total or mean if part.state == "filtered" else file.have
                for part, file in zip(self.parts, files, strict=True)
            )
        return have, total


Listing = Mapping[str, os.stat_result]
"""What the file system says of each entry of a folder, by its name."""


def look(
    settings: Mapping, parts: Sequence[int], subsets: Sequence[int], before: Mapping[Path, int] | None = None
) -> Status:
    """Return the status of these parts, and of the products of these subsets, in the current directory.

    `before` is the state of the logs when the current run began (`outcome.snapshot`). Errors in unchanged logs belong
    to earlier runs and are ignored. Lists three folders, and reads the notes of what is unfinished or has failed.
    Raises OSError if it may not.
    """
    listings = {folder: _listing(Path(folder)) for folder in FOLDERS}
    running = before is not None or any(LOCKS.glob("*.lock"))
    errors = _Errors(before or {}, running)
    written = {
        name: entry for name, entry in _listing(Path()).items() if _writer(name.removesuffix(names.TEMPORARY), settings)
    }
    asked = [name for last in subsets for name in names.products(last, settings["name"])[: 1 + forms.has_tsv(settings)]]
    others = [name for name in sorted(written) if name not in asked and not name.endswith(names.TEMPORARY)]
    products = [_product(name, written, errors, settings) for name in (*asked, *others)]
    products += [Product(name, size) for name, size in existing.sizes().items()]
    disk = {kind: _disk(listing.values()) for kind, listing in (listings | {"products": written}).items()}
    return Status(
        [_part(number, settings, listings, errors) for number in parts], products, disk | existing.on_disk(), running
    )


@dataclass(frozen=True)
class _Errors:
    """The errors in which jobs ended, but for those that are older than the current run."""

    before: Mapping[Path, int]
    running: bool

    def of(self, rule: RuleName, job: str | int) -> str | None:
        """Return the error in which a job ended; None if it did not, is still at work, or was interrupted."""
        outcome = outcome_since(Path(logs.log(rule, job)), self.before)
        if outcome is None or outcome.ended in (WELL, INTERRUPTED) or (outcome.ended is None and self.running):
            return None
        return outcome.sentence(with_advice=False)


def _listing(folder: Path) -> Listing:
    """Return what is in a folder, if it exists; links are not followed."""
    listing = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    listing[entry.name] = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # a download may have ended meanwhile
                    continue
    except FileNotFoundError:
        return {}
    return listing


def _disk(entries: Iterable[os.stat_result]) -> int:
    return sum(entry.st_blocks * DISK_SECTOR for entry in entries if not stat.S_ISDIR(entry.st_mode))


def _part(number: int, settings: Mapping, listings: Mapping[str, Listing], errors: _Errors) -> Part:
    parts, shards = listings[names.PARTS], listings[names.SHARDS]
    part = names.number(number)
    of_part = [_embeddings(part, settings, parts)]
    of_part += [_metadata(part)] if forms.has_files_of_metadata(settings) else []
    files = tuple(_part_file(name, parts) for name in of_part)
    of_tsv = [names.shard_metadata] if forms.has_tsv(settings) else []
    shard = [Path(name(part)).name for name in (names.shard_embeddings, *of_tsv, names.shard_record)]
    # Of shards that are not kept, the record stays.
    is_filtered = all(file in shards for file in (shard if settings["keep_shards"] else shard[-1:]))
    missing = [(RuleName.DOWNLOAD, file.name) for file in files if not file.is_there]
    jobs = [] if is_filtered else missing or [(RuleName.FILTER, part)]
    error = next(filter(None, (errors.of(*job) for job in jobs)), None)
    if is_filtered:
        state = "filtered"
    elif error:
        state = "failed"
    elif not missing:
        state = "downloaded"
    else:
        state = "partial" if any(file.have for file in files) else "missing"
    own = [f"{file.name}{ending}" for file in files for ending in ("", names.UNFINISHED, names.RECORD)]
    entries = [parts[name] for name in own if name in parts] + [shards[name] for name in shard if name in shards]
    return Part(number, state, files, _disk(entries), error)


def _embeddings(part: str, settings: Mapping, parts: Listing) -> str:
    """Return the name of a part's embeddings: of those that exist, else of those on the mirrors."""
    endings = (mirrors.ending(settings["mirrors"][0]["embeddings"]), *names.EMBEDDINGS_ENDINGS)
    found = [names.file_of_part(names.EMBEDDINGS_STEM, part, ending) for ending in endings]
    return next((name for name in found if name in parts), found[0])


def _metadata(part: str) -> str:
    return Path(names.metadata_of_part(part)).name


def _part_file(name: str, parts: Listing) -> PartFile:
    path = Path(names.PARTS) / name
    if name in parts:
        size = _size(path, parts[name])
        return PartFile(name, size or 0, size, is_there=size is not None)
    unfinished = parts.get(name + names.UNFINISHED)
    if unfinished is None:
        return PartFile(name, 0, None)
    origin = Origin.read(names.with_ending(path, names.NOTE))
    return PartFile(name, unfinished.st_size, origin.total if origin else None, changed=unfinished.st_mtime)


def _size(path: Path, entry: os.stat_result) -> int | None:
    """Return the bytes of a file; of a link, those of the file that it leads to, or None if that is missing."""
    if not stat.S_ISLNK(entry.st_mode):
        return entry.st_size
    return path.stat().st_size if path.exists() else None


def _product(name: str, written: Listing, errors: _Errors, settings: Mapping) -> Product:
    if name in written:
        return Product(name, written[name].st_size)
    writer = _writer(name, settings)
    return Product(name, None, name + names.TEMPORARY in written, errors.of(*writer) if writer else None)


def _writer(name: str, settings: Mapping) -> tuple[RuleName, int] | None:
    """Return the rule that writes a product, and the subset's last part; None of a file that is no product."""
    rules = {
        names.embeddings(name=settings["name"]): RuleName.CONCATENATE_EMBEDDINGS,
        names.metadata(): RuleName.CONCATENATE_METADATA,
        names.gold(): RuleName.MERGE,
    }
    found = [(rule, last) for pattern, rule in rules.items() if (last := names.last_part(name, pattern)) is not None]
    return next(iter(found), None)
