"""The names of all files in a working directory, but for those in `logs/` and `exports/`.

`logs` and `exports.names` name those.

A function that names a file takes the number of a part or of a subset's last part. Without one, it returns the pattern
that a rule needs: `embeddings(11)` is `laion2B-11.h5`, and `embeddings()` is `laion2B-{last}.h5`.
"""

import re
from pathlib import Path

PARTS, SHARDS, LOGS, QUERY_FILES, NEIGHBORS = "parts", "shards", "logs", "queries", "neighbors"
LISTS, REGROUPED = "lists", "regroup"
"""The folders of a working directory."""

# Products, and what is said about them.

DEMO = "demo"
"""The family of the demo. Its data are made up."""
NAME = "laion2B"
"""How the names of a subset's embeddings and of its description begin, unless the configuration says otherwise."""
TAKEN = (
    "metadata", "croissant", "sha256sums", "verify", "jld2", "gold", "queries", "duplicates", "exports",
    "sisap", "bigann", "parquet", PARTS, SHARDS, LOGS, NEIGHBORS, LISTS, REGROUPED,
)  # fmt: skip
"""What no subset can be called, in lower case: other files and folders are called so."""
REPORT = "laion2b-report.html"
QUERIES, QUERIES_RECORD = "queries.h5", "queries.json"


def embeddings(last: int | str = "{last}", name: str = NAME) -> str:
    """Name the embeddings of a subset."""
    return f"{name}-{last}.h5"


def metadata(last: int | str = "{last}") -> str:
    """Name the TSV of a subset."""
    return f"metadata-{last}.tsv"


def provenance(last: int | str = "{last}", name: str = NAME) -> str:
    """Name the description of a subset: where it comes from."""
    return f"{name}-{last}.json"


def croissant(last: int | str = "{last}") -> str:
    """Name the Croissant description of a subset."""
    return f"croissant-{last}.json"


def sums(last: int | str = "{last}") -> str:
    """Name the list of the SHA-256 of a subset's files."""
    return f"SHA256SUMS-{last}"


def verified(last: int | str = "{last}") -> str:
    """Name the results of the checks of a subset."""
    return f"verify-{last}.json"


def jld2(last: int | str = "{last}") -> str:
    """Name the comparison of a subset with the published file."""
    return f"jld2-{last}.json"


def gold(last: int | str = "{last}") -> str:
    """Name the gold standard of a subset."""
    return f"gold-{last}.h5"


def gold_provenance(last: int | str = "{last}") -> str:
    """Name the description of a gold standard."""
    return f"gold-{last}.json"


def verified_gold(last: int | str = "{last}") -> str:
    """Name the results of the checks of a published gold standard."""
    return f"verify-gold-{last}.json"


def failed(results: Path) -> Path:
    """Return where the results of a check go that has failed: Snakemake deletes the outputs of a failed job."""
    return results.with_suffix(".failed.json")


def first_rows(rows: int | str = "{rows}") -> str:
    """Return what replaces the number of the last part in the names of the first rows of a subset."""
    return f"n{rows}"


def is_product(name: str, last: int | str) -> bool:
    """Tell whether a file of this name may be the embeddings of the subset, whatever the subset is called."""
    stem = name.removesuffix(f"-{last}.h5")
    return stem != name and stem not in TAKEN


def products(last: int | str = "{last}", name: str = NAME) -> tuple[str, str]:
    """Name the two products of a subset."""
    return embeddings(last, name), metadata(last)


def subsets(folder: Path, pattern: str) -> dict[int, Path]:
    """Return the files in `folder` that a pattern with `{last}` names, by the number of the last part."""
    found = {last: file for file in folder.glob("*") if (last := last_part(file.name, pattern)) is not None}
    return dict(sorted(found.items()))


def last_part(name: str, *patterns: str) -> int | None:
    """Return the number of the last part in a name that one of the patterns with `{last}` makes; None in any other."""
    for pattern in patterns:
        expression = re.escape(pattern).replace(re.escape("{last}"), r"(0|[1-9]\d*)")
        if match := re.fullmatch(expression, name):
            return int(match[1])
    return None


# Parts: what mirrors have, and what is next to it while and after it is downloaded.

STEMS = {"img_emb": "embeddings", "metadata": "metadata"}
"""How the names of a part's files begin, and the key of a mirror that says where they are."""
EMBEDDINGS_STEM, METADATA_STEM = STEMS
EMBEDDINGS_ENDINGS = (".npy", ".npz", ".h5", ".parquet")
METADATA_ENDINGS = (".parquet",)
ENDINGS = {EMBEDDINGS_STEM: EMBEDDINGS_ENDINGS, METADATA_STEM: METADATA_ENDINGS}


def number(part: int) -> str:
    """Return the number of a part as names hold it: at least four digits."""
    return f"{part:04d}"


def file_of_part(stem: str, part: str, ending: str) -> str:
    """Name a file of a part, without its folder."""
    return f"{stem}_{part}{ending}"


def part_path(stem: str = "{stem}", part: str = "{part}", ending: str = ".{ending}") -> str:
    """Return the path of a file of a part."""
    return f"{PARTS}/{file_of_part(stem, part, ending)}"


def metadata_of_part(part: str = "{part}") -> str:
    """Return the path of a part's metadata."""
    return part_path(METADATA_STEM, part, METADATA_ENDINGS[0])


def stem_and_part(file: Path) -> tuple[str, str]:
    """Return how the name of a part's file begins, and the part's number in the name."""
    stem, _, part = file.stem.rpartition("_")
    return stem, part


def names_of_part(part: str) -> list[str]:
    """Return all names that the files of a part can have."""
    return [file_of_part(stem, part, ending) for stem, endings in ENDINGS.items() for ending in endings]


def files_of_part(folder: Path, part: str) -> list[Path]:
    """Return the files of a part that exist in a folder, in whatever form they are."""
    return [folder / name for name in names_of_part(part) if (folder / name).exists()]


def with_ending(path: Path, ending: str) -> Path:
    """Add an ending to the name of a file: `x.npy` and `.part` give `x.npy.part`."""
    return path.with_name(path.name + ending)


RECORD, UNFINISHED, TEMPORARY = ".json", ".part", ".tmp"
"""Endings that are added to the name of a file: of its record, of the file until it is complete, of a new version."""
NOTE = UNFINISHED + RECORD
"""The ending that is added to the name of a file for the note about its unfinished download."""


def part_records(folder: Path) -> list[Path]:
    """Return the records of the files of parts."""
    return sorted(folder.glob(f"{PARTS}/*{RECORD}"))


# Shards, the sorted lists of rows that they leave out, and the results of searches.


def shard_embeddings(part: str = "{part}") -> str:
    """Return the path of a shard's embeddings."""
    return f"{SHARDS}/{part}.h5"


def shard_metadata(part: str = "{part}") -> str:
    """Return the path of a shard's TSV."""
    return f"{SHARDS}/{part}.tsv"


def shard_record(part: str = "{part}") -> str:
    """Return the path of a shard's record."""
    return f"{SHARDS}/{part}.json"


def sorted_list(sha256: str = "{sha256}", by: str = "{by}") -> str:
    """Return the path of the sorted form of a list, which is named after the content of the list."""
    return f"{LISTS}/{sha256}-{by}.npy"


KNOWN_LISTS = f"{LISTS}/known.json"
"""Where the SHA-256 sums of lists are remembered."""


def shard_records(folder: Path) -> list[Path]:
    """Return the records of shards, which outlive their shards, in the order of their parts."""
    return sorted(file for file in folder.glob(f"{SHARDS}/*.json") if file.stem.isdecimal())


def result(part: str = "{part}") -> str:
    """Return the path of the nearest rows of one shard."""
    return f"{NEIGHBORS}/{part}.h5"


def searched_again(last: int | str = "{last}") -> str:
    """Return the path of what was searched again for a subset."""
    return f"{NEIGHBORS}/again-{last}.h5"


def record_of_result(result: str | Path) -> str:
    """Return the path of the record of a result."""
    return str(Path(result).with_suffix(".json"))


def query_file(name: str = "{name}") -> str:
    """Return the path of a file that the configuration names, after its download."""
    return f"{QUERY_FILES}/{name}"
