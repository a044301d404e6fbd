"""How much disk a run will need, told before its first byte is fetched."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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
    """The files that a run will write."""

    downloads: Mapping[Path, bool]
    """Files of parts; true if they are fetched, false if they are linked."""
    shards: Sequence[Path]
    """The three files of each shard."""
    embeddings: Mapping[Path, int]
    """HDF5 products, and of how many shards they are."""
    metadata: Mapping[Path, int]
    """TSV products, and of how many shards they are."""


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
    """Estimate a part: the mean of those in `parts`, else what `ask(stem)` learns of a mirror, else LAION's figures."""

    def estimate(stem: str, default: int) -> int:
        files = [file for file in parts.glob(f"{stem}_*") if file.suffix not in (".json", ".part") and file.exists()]
        return sum(map(_size, files)) // len(files) if files else ask(stem) or default

    return Pair(estimate("img_emb", ROWS * dimensions * 2), estimate("metadata", METADATA_BYTES))


def need(plan: Plan, part: Pair, *, keep_parts: bool, at_once: int) -> Need:
    """Return what the plan adds to the disk, at its highest.

    `at_once`: parts on disk at a time if they are not kept. A shard is taken to be as large as its part: about 98 % of
    the rows stay, and the text of the columns that are written takes about as much as the compressed table did.
    What is there already, and will be replaced, is subtracted.
    """
    fetched = [file for file, is_fetched in plan.downloads.items() if is_fetched]
    parts = sum(part.embeddings if file.name.startswith("img_emb") else part.metadata for file in fetched)
    if not keep_parts:
        parts = min(parts, at_once * part.total)
    parts -= sum(_size(beside(file, ".part")) for file in fetched)
    shards = len(plan.shards) // 3 * part.total - sum(map(_size, plan.shards))
    products = sum(plan.embeddings.values()) * part.embeddings + sum(plan.metadata.values()) * part.metadata
    products -= sum(map(_size, [*plan.embeddings, *plan.metadata]))
    return Need(max(0, parts), max(0, shards), max(0, products))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def check(needed: Need, folders: dict[str, Path], settings: Mapping) -> str:
    """Return a sentence that compares the need with the free disk where `folders` (parts, shards, products) lie.

    Raises SpaceError if the run does not fit, and the settings say that this is to be checked.
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
    text = f"{figures} That does not fit. {_advice(needed, settings)}"
    if settings["check_space"]:
        raise SpaceError(text)
    return text


def _advice(needed: Need, settings: Mapping) -> str:
    ways = ["ask for a smaller subset", "make `parts` a link to a folder on another disk"]
    if settings["keep_parts"] and needed.parts:
        ways.insert(0, "set `keep_parts: false`, which deletes each part once it is filtered")
    if needed.products and settings["keep_shards"] and settings["layout"] == "contiguous":
        ways.append("set `layout: virtual`, which copies no embeddings from shards to products")
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
