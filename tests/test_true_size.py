"""A part of true size goes through, in bounded memory."""

import json
import subprocess
import sys

import numpy as np
import pytest

from demo import synthetic
from laion2b import hdf5
from tests.harness import REPOSITORY

ROWS = 1_000_000
LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"
DEFINITION = json.dumps(
    {
        "keep": [["NSFW", "!=", "NSFW"]],
        "columns": ["caption", "NSFW", "LICENSE", "url"],
        "dimensions": 768,
        "version": 1,
    }
)


# A child's peak of memory is at least what its parent had when it started it, so a small process starts it.
MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(status)
"""


def run(*arguments: object) -> int:
    """Run a command of the library and return the peak of its memory, in bytes."""
    command = [sys.executable, "-c", MEASURE, sys.executable, LIBRARY, *map(str, arguments)]
    memory = int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    print(f"{arguments[0]}: {memory / 1e6:.0f} MB of memory at the peak")
    return memory


@pytest.mark.slow
def test_a_part_of_true_size(tmp_path):
    # In a process of its own, so that this one stays small.
    program = f"import pathlib, demo.synthetic as s; s.write_part(pathlib.Path({str(tmp_path)!r}), 1, {ROWS})"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)
    embeddings, metadata = (tmp_path / name.format(part=1) for name in (synthetic.EMBEDDINGS, synthetic.METADATA))
    shard = {ending: tmp_path / f"0001.{ending}" for ending in ("h5", "tsv", "json")}
    memory = run(
        "filter", "--part", "0001", "--input", embeddings, metadata, "--output", *shard.values(),
        "--definition", DEFINITION,
    )  # fmt: skip
    assert memory < 400e6
    common = "--shards", shard["h5"], shard["h5"], "--records", shard["json"], shard["json"]
    assert run("concatenate_embeddings", *common, "--output", tmp_path / "x.h5", "--definition", DEFINITION) < 400e6
    common = "--shards", shard["tsv"], shard["tsv"], "--records", shard["json"], shard["json"]
    assert run("concatenate_metadata", *common, "--output", tmp_path / "x.tsv", "--definition", DEFINITION) < 400e6

    tags = np.array(synthetic.metadata(1, ROWS)["NSFW"].to_pylist(), dtype=object)
    kept = np.flatnonzero((tags != "NSFW") & (tags != None))  # noqa: E711 - element by element
    matrix = np.load(embeddings, mmap_mode="r")
    located = hdf5.locate(tmp_path / "x.h5")
    emb = np.memmap(located.path, "<f2", "r", located.offset, (located.rows, located.dimensions))
    assert len(emb) == 2 * len(kept)
    for start in range(0, len(kept), 50_000):
        rows = kept[start : start + 50_000]
        for copy in range(2):
            first = copy * len(kept) + start
            assert emb[first : first + len(rows)].tobytes() == matrix[rows].tobytes()
