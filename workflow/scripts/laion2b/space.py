"""How much disk a run will need, told before its first byte is fetched."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import SpaceError
from .files import beside

ROWS = 938_705
"""Rows of a LAION2B-en part (part 5), for when there is nothing to measure."""
METADATA_BYTES = 180_000_000
"""Bytes of a LAION2B-en part's metadata, on average, for the same case."""


@dataclass(frozen=True)
class Plan:
    """What a run will write."""

    downloads: Sequence[Path]
    """Files of parts."""
    shards: int
    subset_embeddings: Sequence[int]
    """For each HDF5 product, of how many shards."""
    subset_metadata: Sequence[int]
    """For each TSV product, of how many shards."""


@dataclass(frozen=True)
class Pair:
    """Bytes of a part: embeddings and metadata."""

    embeddings: int
    metadata: int

    @property
    def total(self) -> int:
        """Bytes of both."""
        return self.embeddings + self.metadata


@dataclass(frozen=True)
class Need:
    """Bytes that a run adds, at their highest, per kind of file."""

    parts: int
    shards: int
    products: int


def typical_part(parts: Path, dimensions: int, ask: Callable[[str], int | None]) -> Pair:
    """Estimate a part: the mean of those in `parts`, else what `ask(kind)` learns of a mirror, else LAION's figures."""
    patterns = {"embeddings": "img_emb_*", "metadata": "metadata_*"}
    defaults = {"embeddings": ROWS * dimensions * 2, "metadata": METADATA_BYTES}
    sizes = {}
    for kind, pattern in patterns.items():
        files = [file for file in parts.glob(pattern) if file.suffix not in (".json", ".part") and file.exists()]
        sizes[kind] = sum(file.stat().st_size for file in files) // len(files) if files else ask(kind) or defaults[kind]
    return Pair(**sizes)


def need(plan: Plan, part: Pair, *, linked: bool, keep_parts: bool, at_once: int) -> Need:
    """Return what the plan adds to the disk, at its highest.

    `linked`: parts are local, and linking takes nothing. `at_once`: parts on disk at a time if they are not kept.
    A shard is taken to be as large as its part: about 98 % of the rows stay, and the text of the columns that are
    written takes about as much as the compressed table did.
    """
    parts_bytes = len(plan.downloads) * part.total // 2
    if not keep_parts:
        parts_bytes = min(parts_bytes, at_once * part.total)
    begun = [beside(file, ".part") for file in plan.downloads]
    parts_bytes -= sum(file.stat().st_size for file in begun if file.exists())
    return Need(
        parts=0 if linked else max(0, parts_bytes),
        shards=plan.shards * part.total,
        products=sum(plan.subset_embeddings) * part.embeddings + sum(plan.subset_metadata) * part.metadata,
    )


def check(needed: Need, folders: dict[str, Path], *, keep_parts: bool, insist: bool) -> str:
    """Return a sentence that compares the need with the free disk where `folders` (parts, shards, products) lie.

    Raises SpaceError if the run does not fit and `insist` is true.
    """
    amounts = {"parts": needed.parts, "shards": needed.shards, "products": needed.products}
    per_disk: dict[int, int] = defaultdict(int)
    places: dict[int, Path] = {}
    for kind, folder in folders.items():
        place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        per_disk[place.stat().st_dev] += amounts[kind]
        places.setdefault(place.stat().st_dev, place)
    free = {disk: shutil.disk_usage(place).free for disk, place in places.items()}
    figures = (
        f"This run will write about {readable(needed.parts)} of parts, {readable(needed.shards)} of shards and "
        f"{readable(needed.products)} of products; "
        + " and ".join(
            f"{readable(per_disk[disk])} of it where {readable(free[disk])} are free, at {place}"
            for disk, place in places.items()
        )
        + "."
    )
    if all(per_disk[disk] <= free[disk] for disk in places):
        return figures
    text = f"{figures} That does not fit. {_advice(needed, keep_parts)}"
    if insist:
        raise SpaceError(text)
    return text


def _advice(needed: Need, keep_parts: bool) -> str:
    ways = ["ask for a smaller subset", "make `parts` a link to a folder on another disk"]
    if keep_parts and needed.parts:
        ways.insert(0, "set `keep_parts: false`, which deletes each part once it is filtered")
    return (
        f"What to do: {', or '.join(ways)}; or set `check_space: false` to start all the same, which loses nothing: "
        "what is finished when the disk is full stays good."
    )


def readable(size: float) -> str:
    """Return a number of bytes as people read it."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size:,.0f} bytes"
