"""Single steps of the workflow as commands: `python -m benchmarks.jobs STEP ARGUMENTS`. They time themselves."""

import json
import os
import sys
from pathlib import Path

from benchmarks.clock import timed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow" / "scripts"))

LATE = "BENCHMARK_WITHOUT_EARLY_WRITING"
"""Environment variable that leaves all writing to the flush at the end, to show what it brings not to."""

DEFINITION = {
    "keep": [["NSFW", "!=", "NSFW"]],
    "columns": ["caption", "NSFW", "LICENSE", "url"],
    "dimensions": 768,
    "version": 1,
}


def filter_embeddings(source: str, mask: str, target: str) -> None:
    """Copy the rows of an .npy that a saved mask keeps to a shard, hash included."""
    import numpy as np

    from laion2b import files
    from laion2b import filter as library
    from laion2b.embeddings import open_embeddings
    from laion2b.files import appearing

    if os.environ.get(LATE):
        files.SYNC_FILE_RANGE = None
    kept = np.load(mask)
    with timed(), open_embeddings(Path(source)) as matrix, appearing(Path(target)) as (temporary,):
        library.filter_embeddings(matrix, kept, temporary)


def filter_metadata(source: str, target: str) -> None:
    """Write the kept rows of a parquet table to a TSV, hash included."""
    from laion2b import filter as library
    from laion2b.files import appearing
    from laion2b.metadata import lighten_arrow, open_metadata
    from laion2b.shard import Definition

    lighten_arrow()
    with timed(), open_metadata(Path(source)) as table, appearing(Path(target)) as (temporary,):
        library.filter_metadata(table, temporary, Definition(**DEFINITION))


def concatenate_embeddings(target: str, *shards: str) -> None:
    """Concatenate shards and compare them with their records."""
    _concatenate("concatenate_embeddings", target, shards)


def view_embeddings(target: str, *shards: str) -> None:
    """Make a virtual dataset of shards."""
    _concatenate("view_embeddings", target, shards)


def concatenate_metadata(target: str, *shards: str) -> None:
    """Concatenate the TSVs of shards and compare them with their records."""
    _concatenate("concatenate_metadata", target, shards)


def _concatenate(name: str, target: str, shards: tuple[str, ...]) -> None:
    from laion2b import concatenate
    from laion2b.shard import Definition

    records = [Path(shard).with_suffix(".json") for shard in shards]
    with timed():
        getattr(concatenate, name)([Path(shard) for shard in shards], records, Path(target), Definition(**DEFINITION))


def filter_part(part: str, embeddings: str, metadata: str, folder: str) -> None:
    """Filter a part to the three files of a shard, as the workflow's command does."""
    from laion2b import cli

    shard = [str(Path(folder, f"{part}.{ending}")) for ending in ("h5", "tsv", "json")]
    command = ["filter", "--part", part, "--input", embeddings, metadata, "--output", *shard]
    sys.exit(cli.main([*command, "--definition", json.dumps(DEFINITION)]))


def download(address: str, target: str) -> None:
    """Download a file as the workflow's job does; `address` is a URL or a path."""
    from laion2b import cli, environment

    name = Path(target).name
    stem, part = name.partition(".")[0].rsplit("_", 1)
    kinds = {"embeddings": "/nowhere/{part}.npy", "metadata": "/nowhere/{part}.parquet"}
    kinds["embeddings" if stem == "img_emb" else "metadata"] = str(address).replace(part, "{part:04d}")
    settings = {"mirrors": [kinds], "checksums": None, "timeout": 60, "attempts": 1, "bandwidth": None}
    os.environ.update(environment.job_environment(Path(cli.__file__).parent, settings, 1))
    with timed():
        status = cli.main(["download", stem, part, target])
    sys.exit(status)


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    globals()[step](*arguments)
