"""How much disk a run needs, before its first byte is fetched."""

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from laion2b import names
from laion2b.errors import DownloadError, SpaceError, explain
from laion2b.neighbors import definition
from laion2b.parts import mirrors
from laion2b.parts.download import size_on_mirrors
from laion2b.parts.numbers import parts_of_first, parts_up_to

from . import exports
from .plan import Job

ROWS = 938_705
"""Rows of a LAION2B-en part (part 5), for when there is nothing to measure."""
METADATA_BYTES = 180_000_000
"""Bytes of a LAION2B-en part's metadata, on average, for the same case."""
JOBS_ON_A_CLUSTER = 50
"""Jobs at once where Snakemake submits them, as the profiles say."""


@dataclass(frozen=True)
class Plan:
    """The files that a run will write, and that take space."""

    parts: Mapping[Path, Sequence[str]]
    """Files of parts, and their addresses on the mirrors. Those that are linked take no space."""
    shards: Sequence[Path]
    """The files of each shard."""
    embeddings: Mapping[Path, int]
    """HDF5 products, and of how many shards they are."""
    metadata: Mapping[Path, int]
    """TSV products, and of how many shards they are."""
    results: int = 0
    """Bytes of the results of searches, of gold standards, and of exports."""


@dataclass(frozen=True)
class PartSize:
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


def plan(jobs: Sequence[Job], settings: Mapping) -> Plan:
    """Return the files that take space, out of all that a run writes."""
    outputs = [file for job in jobs for file in job.outputs]
    by_folder: dict[str, list[Path]] = {names.PARTS: [], names.SHARDS: [], "": []}
    for file in outputs:
        by_folder.get(str(file.parent.name), []).append(file)  # marks, in other folders, take no space
    products = {file: shards for file in by_folder[""] if (shards := _shards(file, settings))}
    is_copied = settings["layout"] == "contiguous"
    return Plan(
        parts={file: _addresses(file, settings) for file in by_folder[names.PARTS]},
        shards=by_folder[names.SHARDS],
        embeddings={file: shards for file, shards in products.items() if file.suffix == ".h5" and is_copied},
        metadata={file: shards for file, shards in products.items() if file.suffix == ".tsv"},
        results=definition.bytes_of_results(outputs, settings),
    )


def _addresses(file: Path, settings: Mapping) -> list[str]:
    stem, part = names.stem_and_part(file)
    return mirrors.addresses(settings["mirrors"], stem, int(part))


def _shards(product: Path, settings: Mapping) -> int:
    """Return of how many shards a product, or the first rows of one, is; 0 for another file."""
    first_rows = names.products(names.first_rows("{last}"), settings["name"])
    if rows := names.last_part(product.name, *first_rows):
        return len(parts_of_first(rows, settings))
    last = names.last_part(product.name, *names.products(name=settings["name"]))
    return 0 if last is None else len(parts_up_to(last, settings))


def is_linked(addresses: Sequence[str]) -> bool:
    """Tell whether a file will be linked, not fetched: a local mirror has it, and no remote one comes first."""
    for address in addresses:
        if mirrors.is_remote(address):
            return False
        if mirrors.is_there(address):
            return True
    return False


def size_of_part(folder: Path, addresses: Mapping[Path, Sequence[str]], dimensions: int) -> tuple[PartSize, list[str]]:
    """Estimate the size of a part, and return warnings about mirrors that do not say it.

    It is the mean of the parts in `folder`. If there are none, the first file that the run needs is looked up on its
    mirrors, and if no mirror says its size, it is taken to be as large as one of LAION's. Raises DownloadError if every
    mirror answers that it has no such file.
    """
    sizes, warnings = [], []
    for stem, default in ((names.EMBEDDINGS_STEM, ROWS * dimensions * 2), (names.METADATA_STEM, METADATA_BYTES)):
        size = _mean_size(folder, stem)
        first = next((file for file in sorted(addresses) if file.name.startswith(stem)), None)
        if not size and first:
            size = _size_of_first(first, addresses[first])
            if size is None:
                warnings.append(f"No mirror says how large {first.name} is. The run tries to download it anyway.")
        sizes.append(size or default)
    return PartSize(*sizes), warnings


def _mean_size(folder: Path, stem: str) -> int | None:
    endings = (names.RECORD, names.UNFINISHED)
    files = [file for file in folder.glob(f"{stem}_*") if file.suffix not in endings and file.exists()]
    return sum(map(_size, files)) // len(files) if files else None


def _size_of_first(file: Path, addresses: Sequence[str]) -> int | None:
    try:
        return size_on_mirrors(addresses)
    except DownloadError as error:
        raise DownloadError(
            explain(
                f"{file}, the first of its kind",
                found=f"no mirror that has it ({error})",
                expected="one at least",
                cause="a slip in `mirrors`, or a dataset that was taken down",
                do="check the addresses in `mirrors` in config.yaml; nothing was started",
            )
        ) from None


def need(plan: Plan, part: PartSize, *, keep_parts: bool, at_once: int) -> Need:
    """Return what the plan adds to the disk, at its highest.

    `at_once`: parts on disk at a time if they are not kept. A shard is taken to be as large as its part: about 98 % of
    the rows stay, and the text of the columns that are written takes about as much as the compressed table did.
    What exists already, and will be replaced, is subtracted.
    """
    fetched = [file for file, addresses in plan.parts.items() if not is_linked(addresses)]
    stems = [names.stem_and_part(file)[0] for file in fetched]
    parts = sum(part.embeddings if stem == names.EMBEDDINGS_STEM else part.metadata for stem in stems)
    if not keep_parts:
        parts = min(parts, at_once * part.total)
    parts -= sum(_size(names.with_ending(file, names.UNFINISHED)) for file in fetched)
    embeddings, metadata = ([file for file in plan.shards if file.suffix == ending] for ending in (".h5", ".tsv"))
    shards = len(embeddings) * part.embeddings + len(metadata) * part.metadata - sum(map(_size, plan.shards))
    products = sum(plan.embeddings.values()) * part.embeddings + sum(plan.metadata.values()) * part.metadata
    products += plan.results - sum(map(_size, [*plan.embeddings, *plan.metadata]))
    return Need(max(0, parts), max(0, shards), max(0, products))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def compare(needed: Need, folders: Mapping[str, Path], settings: Mapping) -> str:
    """Return a sentence that compares the need with the free disk where `folders` (parts, shards, products) are.

    It is empty if nothing is needed. Raises SpaceError if the run does not fit, and the settings say that this is to be
    checked.
    """
    amounts = {"parts": needed.parts, "shards": needed.shards, "products": needed.products}
    per_disk: dict[int, int] = defaultdict(int)
    places: dict[int, Path] = {}
    for kind, folder in folders.items():
        place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        per_disk[place.stat().st_dev] += amounts[kind]
        places.setdefault(place.stat().st_dev, place)
    free = {disk: shutil.disk_usage(place).free for disk, place in places.items()}
    if not any(amounts.values()):
        return ""
    written = [f"{readable(amount)} of {kind}" for kind, amount in amounts.items() if amount]
    figures = f"This run will write about {' and '.join(filter(None, (', '.join(written[:-1]), written[-1])))}."
    for disk, place in places.items():
        if per_disk[disk]:
            figures += f" {place} has {readable(free[disk])} of free disk for {readable(per_disk[disk])} of it."
    if all(per_disk[disk] <= free[disk] for disk in places):
        return figures
    text = f"{figures} That does not fit. {_advice(needed, settings)}"
    if settings["check_space"]:
        raise SpaceError(text)
    return text


def _advice(needed: Need, settings: Mapping) -> str:
    ways = ["build a smaller subset", "make `parts` a link to a folder on another disk"]
    if settings["keep_parts"] and needed.parts:
        ways.insert(0, "set `keep_parts: false`, which deletes each part once it is filtered")
    if needed.products and settings["keep_shards"] and settings["layout"] == "contiguous":
        ways.append("set `layout: virtual`, which copies no embeddings from shards to products")
    return (
        f"What to do: {', or '.join(ways)}. Or set `check_space: false` to start anyway. That loses nothing: what is "
        "finished when the disk is full stays good."
    )


def forecast(jobs: Sequence[Job], settings: Mapping, at_once: int) -> tuple[str, list[str]]:
    """Return a sentence on the disk that a run in the current directory needs, and warnings about mirrors.

    `at_once` is how many parts it has on disk at a time. The sentence is empty if it needs none. It is not for dry
    runs, because it asks mirrors. Raises DownloadError as `size_of_part` does, and SpaceError as `compare` does.
    """
    planned = plan(jobs, settings)
    part, warnings = size_of_part(Path(names.PARTS), planned.parts, settings["dimensions"])
    added = exports.bytes_added(jobs, part.embeddings, part.metadata, settings)
    planned = replace(planned, results=planned.results + added)
    needed = need(planned, part, keep_parts=settings["keep_parts"], at_once=at_once)
    folders = {"parts": Path(names.PARTS), "shards": Path(names.SHARDS), "products": Path()}
    return compare(needed, folders, settings), warnings


def readable(size: float) -> str:
    """Return a number of bytes as people read it."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size:,.0f} bytes"
