"""Inputs that would eat the machine: each job stays below 1 GB, and says what is wrong, or does its work."""

import json
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b import memory
from tests.support.harness import REPOSITORY
from tests.support.shards import DEFINITION

LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"
PROMISED = 1_000_000_000
"""Bytes that no job takes."""
MANY = 300_000_000
"""Bytes that a job takes for an odd input that is sound."""
LAST_RESORT = 4_000_000_000
"""Bytes of addresses of each process here, so that a test that fails costs no more."""


LAUNCHER = """
import os, resource, sys
limit, *command = sys.argv[1:]
child = os.fork()
if not child:
    resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    os.execv(command[0], command)
_, status, usage = os.wait4(child, 0)
print()
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
"""
"""A small process that starts another one: Linux counts the memory of a process that forks as that of its child, too."""


def run(log: Path, *arguments: object) -> tuple[int, int]:
    """Run a command of the library; return its exit status and the bytes of memory that it held at its peak."""
    command = [sys.executable, "-S", "-c", LAUNCHER, LAST_RESORT, sys.executable, LIBRARY, "--log", log, *arguments]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    status, peak = map(int, done.stdout.splitlines()[-1].split())
    return status, peak


def metadata(path: Path, captions: pa.Array, **options) -> int:
    """Write metadata with these captions, of which no row is kept, and return the rows."""
    table = pa.table({"caption": captions, "NSFW": ["NSFW"] * len(captions)})
    pq.write_table(table, path, store_schema=False, **options)
    return len(captions)


def repeated(size: int, rows: int) -> pa.Array:
    """Return one long caption, which a dictionary repeats in many rows."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), ["x" * size])


def long_captions(path: Path) -> int:
    return metadata(path, pa.array([letter * 5_000_000 for letter in "abcdefghijklmnopqrst"]))


SOUND = "0 of 4,000 rows kept"
TABLES = {
    SOUND: lambda path: metadata(path, repeated(100_000, 4_000)),
    "found a text of 5,000,000 bytes in the column caption, expected at most 1,000,000": long_captions,
    "found rows that take too much memory": lambda path: metadata(path, repeated(60_000_000, 4_000)),
    "found a footer of 2,000,000,000 bytes, expected at most 16,777,216": lambda path: sparse(path, 2_000_000_000),
}


def sparse(path: Path, footer: int) -> int:
    """Write a file that ends as a table with a footer of this size does, and takes no space."""
    with path.open("wb") as file:
        file.truncate(footer)
        file.seek(footer)
        file.write(footer.to_bytes(4, "little") + b"PAR1")
    return 1


@pytest.mark.parametrize("sentence", TABLES)
def test_metadata(tmp_path, sentence):
    files = tmp_path / "img_emb_0001.npy", tmp_path / "metadata_0001.parquet"
    np.save(files[0], np.zeros((TABLES[sentence](files[1]), 4), "<f2"))
    shard = [tmp_path / f"0001.{ending}" for ending in ("h5", "tsv", "json")]
    definition = json.dumps(vars(DEFINITION))
    log = tmp_path / "log"
    command = [
        "filter",
        "--part",
        "0001",
        "--embeddings",
        files[0],
        "--metadata",
        files[1],
        "--output",
        *shard,
        "--definition",
        definition,
    ]
    status, peak = run(log, *command)
    assert sentence in log.read_text()
    assert status == (sentence != SOUND)
    assert peak < (PROMISED if status else MANY)


def too_wide(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("emb", (1, 2**30), "<f2")[0, 0] = 1


def swollen(path: Path) -> None:
    """Write a chunk of 32 bytes that unpacks to a GB."""
    with h5py.File(path, "w") as file:
        emb = file.create_dataset("emb", (2, 8), "<f2", chunks=(2, 8), compression="gzip")
        packer, zeros, pieces, checksum = zlib.compressobj(1), bytes(2**20), 2**10, 1
        first, more = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
        for _ in range(pieces):
            checksum = zlib.adler32(zeros, checksum)
        end = zlib.compressobj(1, wbits=-15).flush() + checksum.to_bytes(4, "big")
        emb.id.write_direct_chunk((0, 0), first + more * (pieces - 1) + end)


@pytest.mark.parametrize(
    ("write", "sentence"), [(too_wide, "rows of 2,147,483,648 bytes"), (swollen, "filter returned failure")]
)
def test_a_copy_of_a_product(tmp_path, write, sentence):
    write(tmp_path / "copy.h5")
    log = tmp_path / "log"
    status, peak = run(log, "verify", tmp_path / "copy.h5", "--output", tmp_path / "found.json")
    assert status == 1
    assert sentence in (tmp_path / "found.failed.json").read_text()
    assert peak < PROMISED


def test_the_limit_is_below_the_promise():
    assert memory.MOST < PROMISED


@pytest.mark.slow
def test_embeddings_in_a_table_that_unpacks_to_a_gb(tmp_path):
    path, row = tmp_path / "img_emb_0001.parquet", np.zeros(4_000_000, "<f4")
    schema = pa.schema([("vector", pa.large_list(pa.float32()))])
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(64):
            writer.write_table(
                pa.table([pa.LargeListArray.from_arrays(pa.array([0, len(row)]), pa.array(row))], schema)
            )
    assert path.stat().st_size < 100_000
    definition = json.dumps({"keep": [], "columns": [], "dimensions": len(row), "version": 2})
    shard = [tmp_path / f"0001.{ending}" for ending in ("h5", "json")]
    log = tmp_path / "log"
    command = ["filter", "--part", "0001", "--embeddings", path, "--output", *shard, "--definition", definition]
    status, peak = run(log, *command)
    assert status == 1
    assert "found data that take too much memory" in log.read_text()
    assert peak < PROMISED
