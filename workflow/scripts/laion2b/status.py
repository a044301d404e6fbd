"""What stands in a working directory, told from its files alone: nothing is run, and no part or shard is opened."""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from . import failures
from .files import beside
from .mirrors import EMBEDDINGS_ENDINGS, ending
from .partial import Origin
from .space import readable

STATES = ("filtered", "downloaded", "partial", "missing", "failed")
FOLDERS = ("parts", "shards")
PRODUCT = re.compile(r"(laion2B-\d+\.h5|metadata-\d+\.tsv)(\.tmp)?")
RULES = {".h5": "concatenate_embeddings", ".tsv": "concatenate_metadata"}
"""The rules that make the two products of a subset, by their endings."""
LOCKS = Path(".snakemake/locks")
"""Where Snakemake notes that a run has the working directory."""
BLOCK = 512
"""Bytes in which the file system counts what a file takes."""


@dataclass(frozen=True)
class Transfer:
    """One file of a part, as far as it has come."""

    name: str
    have: int
    """Bytes that are there."""
    total: int | None
    """Bytes of the whole file; None as long as no mirror has told."""
    is_there: bool = False
    """It has its final name: it is complete and sound."""
    changed: float = 0
    """When its last byte came, in seconds of the file system's clock."""

    @property
    def is_partial(self) -> bool:
        """True from the first byte until the file has its final name."""
        return bool(self.have) and not self.is_there

    def describe(self) -> str:
        """Return how much of it is there."""
        if self.is_there:
            return f"all of {self.name}"
        whole = f" of {readable(self.total)} ({self.have / self.total:.0%})" if self.total else ""
        return f"{readable(self.have)}{whole} of {self.name}"


@dataclass(frozen=True)
class Part:
    """One part: its state, its two files, the disk that it and its shard take."""

    number: int
    state: str
    files: tuple[Transfer, Transfer]
    disk: int
    error: str | None = None
    """The last error, if the state is failed."""

    def describe(self) -> str:
        """Return the state with what belongs to it: how much is there, the error."""
        amounts = " and ".join(file.describe() for file in self.files if file.have)
        if self.state == "failed":
            return f"failed{f', with {amounts}' if amounts else ''}: {self.error}"
        return f"partial: {amounts}" if self.state == "partial" else self.state

    def describe_without_number(self) -> str:
        """Return the same with `{part}` instead of the number, so that parts which failed alike share a line."""
        return re.sub(rf"(?<!\d){self.number:04d}(?!\d)", "{part}", self.describe())


@dataclass(frozen=True)
class Product:
    """A file of a subset."""

    name: str
    size: int | None
    """Bytes, or None if it does not stand."""
    is_begun: bool = False
    """It is being written, or was when a run was killed."""
    error: str | None = None

    def describe(self) -> str:
        """Return its size, or why it is not there."""
        if self.size is not None:
            return readable(self.size)
        return f"failed: {self.error}" if self.error else "begun" if self.is_begun else "missing"


@dataclass(frozen=True)
class Status:
    """What stands."""

    parts: list[Part]
    products: list[Product]
    """Those that were asked for, then others that stand."""
    disk: dict[str, int]
    """Bytes on disk of all parts, shards and products in the folder, listed above or not; linked parts take none."""
    is_running: bool
    """A run has the working directory, or one that had it was killed."""

    def count(self, state: str) -> int:
        """Return how many parts are in a state."""
        return sum(part.state == state for part in self.parts)

    @property
    def is_complete(self) -> bool:
        """True when all products stand."""
        return all(product.size is not None for product in self.products)

    def bytes_of_parts(self) -> tuple[int, int | None]:
        """Return the bytes of parts that were downloaded, and of all that are listed, or None if that is unknown.

        Files whose size no mirror has told yet are taken to be as large as others of their kind. A part that is
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


def look(
    settings: Mapping,
    parts: Sequence[int],
    subsets: Sequence[int],
    before: Mapping[Path, int] | None = None,
) -> Status:
    """Return the status of these parts, and of the products of these subsets, in the current directory.

    A run that looks at itself hands over the logs as they were `before` it (`failures.snapshot`), whose errors are not
    its own. Lists three folders, and reads the logs and notes of what is unfinished. Raises OSError if it may not.
    """
    listings = {folder: _listing(Path(folder)) for folder in FOLDERS}
    running = before is not None or any(LOCKS.glob("*.lock"))
    logs = _Logs(before or {}, running)
    here = _listing(Path())
    written = {name: entry for name, entry in here.items() if PRODUCT.fullmatch(name)}
    asked = [name for last in subsets for name in (f"laion2B-{last}.h5", f"metadata-{last}.tsv")]
    others = [name for name in sorted(written) if name not in asked and not name.endswith(".tmp")]
    products = [_product(name, written, logs) for name in (*asked, *others)]
    disk = {kind: _disk(listing.values()) for kind, listing in (listings | {"products": written}).items()}
    return Status([_part(number, settings, listings, logs) for number in parts], products, disk, running)


@dataclass(frozen=True)
class _Logs:
    before: Mapping[Path, int]
    running: bool

    def error(self, job: str) -> str | None:
        """Return the error in which a job ended; None if it did not, is still at work, or was interrupted."""
        log = Path(f"logs/{job}.log")
        try:
            reason = None if self.before.get(log) == log.stat().st_mtime_ns else failures.why(log)
        except FileNotFoundError:
            return None
        if not reason or reason in failures.QUIET or (reason == failures.WITHOUT_A_WORD and self.running):
            return None
        return reason.partition(" What to do:")[0]


def _listing(folder: Path) -> dict[str, os.stat_result]:
    """Return what the file system says of each entry of a folder, which may not be there; links are not followed."""
    listing = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    listing[entry.name] = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # gone since: a download may have ended
                    continue
    except FileNotFoundError:
        return {}
    return listing


def _disk(entries: Iterable[os.stat_result]) -> int:
    return sum(entry.st_blocks * BLOCK for entry in entries if not stat.S_ISDIR(entry.st_mode))


def _part(number: int, settings: Mapping, listings: Mapping[str, Mapping], logs: _Logs) -> Part:
    parts, shards = listings["parts"], listings["shards"]
    name = f"{number:04d}"
    endings = (ending(settings["mirrors"][0]["embeddings"]), *EMBEDDINGS_ENDINGS)
    embeddings = [f"img_emb_{name}{each}" for each in endings]
    names = (next((file for file in embeddings if file in parts), embeddings[0]), f"metadata_{name}.parquet")
    files = (_transfer(names[0], parts), _transfer(names[1], parts))
    shard = [f"{name}{each}" for each in (".h5", ".tsv", ".json")]
    # Of shards that are not kept, the record stays.
    is_filtered = all(file in shards for file in (shard if settings["keep_shards"] else shard[2:]))
    jobs = [f"download/{file.name}" for file in files if not file.is_there] or [f"filter/{name}"]
    error = None if is_filtered else next(filter(None, map(logs.error, jobs)), None)
    if is_filtered:
        state = "filtered"
    elif error:
        state = "failed"
    elif all(file.is_there for file in files):
        state = "downloaded"
    else:
        state = "partial" if any(file.have for file in files) else "missing"
    own = [parts[each] for file in names for each in (file, f"{file}.part", f"{file}.json") if each in parts]
    return Part(number, state, files, _disk([*own, *(shards[file] for file in shard if file in shards)]), error)


def _transfer(name: str, parts: Mapping[str, os.stat_result]) -> Transfer:
    path = Path("parts") / name
    if name in parts:
        size = _size(path, parts[name])
        return Transfer(name, size or 0, size, is_there=size is not None)
    unfinished = parts.get(f"{name}.part")
    if unfinished is None:
        return Transfer(name, 0, None)
    origin = Origin.read(beside(path, ".part.json"))
    return Transfer(name, unfinished.st_size, origin.total if origin else None, changed=unfinished.st_mtime)


def _size(path: Path, entry: os.stat_result) -> int | None:
    """Return the bytes of a file; of a link, those of the file that it leads to, or None if that is gone."""
    if not stat.S_ISLNK(entry.st_mode):
        return entry.st_size
    try:
        return path.stat().st_size
    except OSError:
        return None


def _product(name: str, written: Mapping[str, os.stat_result], logs: _Logs) -> Product:
    if name in written:
        return Product(name, written[name].st_size)
    job = f"{RULES[Path(name).suffix]}/{Path(name).stem.rpartition('-')[2]}"
    return Product(name, None, f"{name}.tmp" in written, logs.error(job))


def table(status: Status) -> str:
    """Return the status as people read it: neighbours in the same state share a line."""
    lines = [("part", "disk", "state")]
    for description, group in groupby(status.parts, Part.describe_without_number):
        first, *others = group
        disk = readable(sum(part.disk for part in (first, *others)))
        lines.append(
            (f"{first.number}..{others[-1].number}", disk, description)
            if others
            else (str(first.number), disk, first.describe())
        )
    width = max(len(numbers) for numbers, _, _ in lines)
    counts = Counter(part.state for part in status.parts)
    text = [f"{numbers:>{width}}  {disk:>12}  {state}" for numbers, disk, state in lines]
    text.append(", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]) + ".")
    text.append("On disk: " + ", ".join(f"{readable(size)} of {kind}" for kind, size in status.disk.items()) + ".")
    for product in status.products:
        text.append(f"{product.name}: {product.describe()}")
    if status.is_running:
        text.append("A run is at work here, or one was killed.")
    return "\n".join(text)
