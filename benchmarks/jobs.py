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
    from laion2b.files import appearing
    from laion2b.formats.embeddings import open_embeddings
    from laion2b.shards import filter as library

    if os.environ.get(LATE):
        files.SYNC_FILE_RANGE = None
    kept = np.load(mask)
    with timed(), open_embeddings(Path(source)) as matrix, appearing(Path(target)) as (temporary,):
        library.filter_embeddings(matrix, kept, temporary)


def filter_metadata(source: str, target: str) -> None:
    """Write the kept rows of a parquet table to a TSV, hash included."""
    from laion2b.files import appearing
    from laion2b.formats.metadata import lighten_arrow, open_metadata
    from laion2b.shards import filter as library
    from laion2b.shards import keys
    from laion2b.shards.definition import Definition
    from laion2b.shards.selection import Selection

    lighten_arrow()
    with timed(), open_metadata(Path(source)) as table, appearing(Path(target)) as (temporary,):
        definition = Definition(**DEFINITION)
        chosen, origins = Selection(definition, Path()), keys.Origins(2314)
        library.filter_metadata(table, temporary, definition=definition, selection=chosen, origins=origins)


def concatenate_embeddings(target: str, *shards: str) -> None:
    """Concatenate shards and compare them with their records."""
    _concatenate("concatenate_embeddings", target, shards)


def point_to_embeddings(target: str, *shards: str) -> None:
    """Make a virtual dataset of shards."""
    _concatenate("point_to_embeddings", target, shards)


def concatenate_metadata(target: str, *shards: str) -> None:
    """Concatenate the TSVs of shards and compare them with their records."""
    _concatenate("concatenate_metadata", target, shards)


def _concatenate(name: str, target: str, shards: tuple[str, ...]) -> None:
    from laion2b.shards.definition import Definition
    from laion2b.subsets import concatenate

    records = [Path(shard).with_suffix(".json") for shard in shards]
    with timed():
        getattr(concatenate, name)([Path(shard) for shard in shards], records, Path(target), Definition(**DEFINITION))


def filter_part(part: str, embeddings: str, metadata: str, folder: str) -> None:
    """Filter a part to the three files of a shard, as the workflow's command does."""
    from laion2b import cli

    shard = [str(Path(folder, f"{part}.{ending}")) for ending in ("h5", "tsv", "json")]
    command = ["filter", "--part", part, "--embeddings", embeddings, "--metadata", metadata, "--output", *shard]
    sys.exit(cli.main([*command, "--definition", json.dumps(DEFINITION)]))


def download(address: str, target: str) -> None:
    """Download a file as the workflow's job does. `address` is a URL or a path."""
    from laion2b import cli
    from laion2b.run import environment

    name = Path(target).name
    stem, part = name.partition(".")[0].rsplit("_", 1)
    kinds = {"embeddings": "/nowhere/{part}.npy", "metadata": "/nowhere/{part}.parquet"}
    kinds["embeddings" if stem == "img_emb" else "metadata"] = str(address).replace(part, "{part:04d}")
    limits = {"timeout": 60, "minimum_speed": 10, "attempts": 1, "patience": 1, "bandwidth": None}
    others = dict.fromkeys(("array", "aliases", "drop", "keep_only", "modulus"))
    settings = {"mirrors": [kinds], "checksums": None, **limits, **DEFINITION, **others}
    os.environ.update(environment.job_environment(Path(cli.__file__).parent, settings, 1))
    with timed():
        status = cli.main(["download", stem, part, target])
    sys.exit(status)


def search(shard: str, queries: str, k: str, target: str) -> None:
    """Find the nearest rows of a shard for each query as the workflow's job does, and save them as .npy."""
    import numpy as np

    from laion2b.neighbors import search as library
    from laion2b.neighbors.rows import Rows
    from laion2b.neighbors.screen import Queries

    vectors = np.load(queries)
    with timed(), Rows.open(Path(shard), 1) as rows:
        nearest, _, again = library.search(rows, Queries.of(vectors), "cosine", int(k))
    print(f"{again} queries were searched again")
    np.save(target, np.array(nearest.rows))


def make_results(folder: str, shards: str, queries: str, kept: str, rows: str) -> None:
    """Write results of searches: the distances of a shard's nearest rows are a random walk, in all shards alike."""
    import numpy as np

    from laion2b.neighbors import results
    from laion2b.neighbors.search import Nearest

    random, size = np.random.default_rng(0), (int(queries), int(kept))
    Path(folder).mkdir(exist_ok=True)
    for number in range(1, int(shards) + 1):
        distances = 0.3 + 1e-6 * random.exponential(size=size).cumsum(axis=1)
        places = (random.integers(int(rows), size=(size[0], 1)) + 7919 * np.arange(size[1])) % int(rows)
        about = {"definition": {}, "queries_xxh3": "", "kept": size[1], "rows": int(rows), "candidates": int(rows)}
        about |= {"not_finite_rows": 0, "zero_rows": 0, "searched_again": 0, "embeddings_xxh3": "", "source": ""}
        path = Path(folder, f"{number:04d}.h5")
        about |= {"part": path.stem}
        results.write(path, path.with_suffix(".json"), Nearest(list(places), list(distances)), about)


def merge(folder: str, neighbors: str, queries: str, target: str) -> None:
    """Merge results as the workflow's jobs do: look for what has to be searched again, and merge."""
    from laion2b.neighbors import merge as library
    from laion2b.neighbors.definition import Definition
    from laion2b.neighbors.results import Record, Result

    def opened() -> list[Result]:
        return [Result(path, Record.read(path.with_suffix(".json")), int(queries)) for path in found]

    found, k = sorted(Path(folder).glob("*.h5")), int(neighbors)
    with timed():
        if library.open_pairs(opened(), int(queries), k):
            raise ValueError("the results hold too few rows for these neighbors")
        library.merge(opened(), int(queries), "", Definition({}, "cosine", k), library.Again({}), Path(target))


def _sources(shards: tuple[str, ...]) -> list:
    from laion2b.exports import rows
    from laion2b.shards.definition import Definition

    records = [Path(shard).with_suffix(".json") for shard in shards]
    return rows.sources([Path(shard) for shard in shards], records, Definition(**DEFINITION))


def export_binary(target: str, *shards: str) -> None:
    """Write the rows of shards as one binary matrix."""
    from laion2b.exports import vectors

    with timed():
        vectors.write_binary(_sources(shards), DEFINITION["dimensions"], Path(target))


def export_vectors(target: str, shard: str) -> None:
    """Write the rows of a shard as Parquet."""
    from laion2b.exports import vectors

    with timed():
        vectors.write_parquet_of_part(_sources((shard,))[0], Path(target))


def export_odd_rows(target: str, *shards: str) -> None:
    """List the rows of shards that are zero, and those that are equal to an earlier one."""
    from laion2b.exports import odd_rows

    with timed():
        odd_rows.write(_sources(shards), "rows", Path(target).with_suffix(".txt"), Path(target))


def export_metadata(target: str, metadata: str, record: str) -> None:
    """Write the metadata of a part as Parquet."""
    from laion2b.exports import metadata as library
    from laion2b.formats.metadata import lighten_arrow
    from laion2b.shards.definition import Definition

    lighten_arrow()
    with timed():
        library.write_part(Path(metadata), [Path(record)], Definition(**DEFINITION), Path(target))


def join_metadata(target: str, *parts: str) -> None:
    """Join Parquet files."""
    from laion2b.formats import parquet_join

    with timed():
        parquet_join.join([Path(part) for part in parts], Path(target))


def export_view(target: str, product: str) -> None:
    """Write HDF5 for ann-benchmarks that points to the rows of a product, with a gold standard of one query."""
    import numpy as np

    from laion2b.exports import vectors
    from laion2b.exports.truth import Truth

    truth = Truth(
        np.ones((1, DEFINITION["dimensions"]), "<f4"), np.zeros((1, 1), "<i4"), np.zeros((1, 1), "<f4"), "cosine", 1
    )
    with timed():
        vectors.point_ann_benchmarks(Path(product), truth, "angular", Path(target))


def float32_product(queries: str, rows: str) -> None:
    """Multiply queries with as many rows as a shard has, in float32, block by block, and do nothing else."""
    import numpy as np

    vectors, block = np.load(queries), np.random.default_rng(0).standard_normal((4096, 768), np.float32)
    scores = np.empty((1024, 4096), np.float32)
    with timed():
        for start in range(0, int(rows), len(block)):
            count = min(len(block), int(rows) - start)
            for first in range(0, len(vectors), len(scores)):
                group = vectors[first : first + len(scores)]
                np.matmul(group, block[:count].T, out=scores.ravel()[: len(group) * count].reshape(len(group), count))


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    globals()[step](*arguments)
