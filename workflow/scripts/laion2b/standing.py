"""What stands in a working directory: products, records of shards, records of parts. Only names are looked at."""

import re
from pathlib import Path

from .errors import ConfigError

EMBEDDINGS, METADATA, VERIFIED = "laion2B-{last}.h5", "metadata-{last}.tsv", "verify-{last}.json"


def subsets(folder: Path, pattern: str) -> dict[int, Path]:
    """Return the files in `folder` that are named by a pattern with `{last}`, by the number of the last part."""
    name = re.compile(re.escape(pattern).replace(re.escape("{last}"), r"(0|[1-9]\d*)"))
    found = {int(match[1]): file for file in folder.iterdir() if (match := name.fullmatch(file.name))}
    return dict(sorted(found.items()))


def shard_records(folder: Path) -> list[Path]:
    """Return the records of shards, which outlive their shards, in the order of their parts."""
    return sorted(file for file in folder.glob("shards/*.json") if file.stem.isdecimal())


def part_records(folder: Path) -> list[Path]:
    """Return the records of the files of parts."""
    return sorted(folder.glob("parts/*.json"))


def sources(folder: Path) -> list[Path]:
    """Return all that a report tells of. Raises ConfigError if there is no product."""
    products = [*subsets(folder, EMBEDDINGS).values(), *subsets(folder, METADATA).values()]
    if not products:
        raise ConfigError(
            "report.html tells of the products that stand, and makes none: there is no laion2B-N.h5 or metadata-N.tsv "
            "here. What to do: build a subset first, such as laion2B-2.h5 and metadata-2.tsv, or name the "
            "folder of one with --directory."
        )
    verified = subsets(folder, VERIFIED).values()
    return [*products, *verified, *shard_records(folder), *part_records(folder)]
