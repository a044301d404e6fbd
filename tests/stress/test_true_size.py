"""A part of true size goes through, in bounded memory."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import inputs
from benchmarks.jobs import DEFINITION
from benchmarks.measure import Contestant, Run, run
from laion2b.formats import hdf5
from laion2b.run.environment import job_environment
from mirror import synthetic
from mirror.server import MirrorServer
from tests.support import configuration
from tests.support.harness import REPOSITORY, templates

ROWS = 1_000_000
LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"
NOTES = 1_000_000
"""Bytes that a job may write beside its outputs: its record, and what it prints."""
START = 30_000_000
"""Bytes that a job may read beside its inputs: Python, its libraries, their notes."""


def job(*arguments: object, folder: Path = REPOSITORY, **environment: str) -> Run:
    """Run a command of the library and return what it took."""
    done = run(Contestant([sys.executable, LIBRARY, *arguments], environment=environment, folder=folder))
    print(f"{arguments[0]}: {done.memory / 1e6:.0f} MB of memory at the peak")
    return done


def size(*files: Path) -> int:
    return sum(file.stat().st_size for file in files)


@pytest.mark.slow
def test_a_part_of_true_size(tmp_path):
    embeddings, metadata = inputs.parts(tmp_path, 1, ROWS)[0].files
    with MirrorServer(tmp_path) as mirror:
        settings = configuration.load(mirrors=[templates(mirror.url)], attempts=1)
        environment = job_environment(LIBRARY, settings, 1)
        for stem, original in (("img_emb", embeddings), ("metadata", metadata)):
            target = tmp_path / original.name
            done = job("download", stem, "1", target, **environment)
            assert done.memory < 100e6
            assert done.written < size(target) + NOTES
            target.unlink()

    definition = "--definition", json.dumps(DEFINITION)
    shard = {ending: tmp_path / f"0001.{ending}" for ending in ("h5", "tsv", "json")}
    files = ["--embeddings", embeddings, "--metadata", metadata, "--output", *shard.values()]
    done = job("filter", "--part", "0001", *files, *definition)
    assert done.memory < 400e6
    assert done.written < size(*shard.values()) + NOTES
    # The second time is for the SHA-256 of files that were put there without a record.
    assert done.read < 2 * size(embeddings, metadata) + START

    for kind, ending, product in (("embeddings", "h5", tmp_path / "x.h5"), ("metadata", "tsv", tmp_path / "x.tsv")):
        twice = [shard[ending]] * 2
        records = [shard["json"]] * 2
        done = job(f"concatenate_{kind}", "--shards", *twice, "--records", *records, "--output", product, *definition)
        assert done.memory < 100e6
        assert done.written < size(product) + NOTES
        assert done.read < size(*twice) + START

    tags = np.array(synthetic.metadata(1, ROWS)["NSFW"].to_pylist(), dtype=object)
    kept = np.flatnonzero((tags != "NSFW") & (tags != None))  # noqa: E711 - element by element
    matrix = np.load(embeddings, mmap_mode="r")
    located = hdf5.find_data(tmp_path / "x.h5")
    emb = np.memmap(located.path, "<f2", "r", located.offset, (located.rows, located.dimensions))
    assert len(emb) == 2 * len(kept)
    for start in range(0, len(kept), 50_000):
        rows = kept[start : start + 50_000]
        for copy in range(2):
            first = copy * len(kept) + start
            assert emb[first : first + len(rows)].tobytes() == matrix[rows].tobytes()
