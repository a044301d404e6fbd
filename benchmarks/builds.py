"""The whole job, from local parts to both products, against three other ways to do it."""

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import h5py
import numpy as np
import yaml

from benchmarks import inputs
from benchmarks.measure import REPOSITORY, Contestant, compare
from benchmarks.report import COMPARISON, Table, at_most, megabytes, times_faster
from mirror import synthetic

PARTS = 8
SLOWEST = "row_by_row"
BARE = """
cd "$2"
for odd in 1 3 5 7; do cp "$1"/*/*_000$odd.* . && sync *_000$odd.*; done &
for even in 2 4 6 8; do cp "$1"/*/*_000$even.* . && sync *_000$even.*; done
wait
cat img_emb_* > emb && sync emb &
cat metadata_* > metadata && sync metadata
wait
"""
"""The bytes of the parts into shards and on into products, and nothing else: the floor under any way with shards."""
PEERS = {
    "vectorised": ("the original's way in NumPy and pandas, vectorised", 3),
    "embedding_reader_h5py": ("embedding-reader, h5py and pandas", 3),
    "row_by_row": ("the original's way in NumPy and pandas, row by row", 12),
}


def workflow(
    work: Path, mirror: str | Path, *targets: str, cores: int = 2, before: Callable = rmtree, **settings: object
) -> Contestant:
    """Return a run of the workflow in a working directory that `before` makes ready."""

    def prepare() -> None:
        if work.exists():
            before(work)
        work.mkdir(parents=True, exist_ok=True)
        (work / "config.yaml").write_text(yaml.safe_dump({"mirrors": [synthetic.templates(mirror)], **settings}))

    command = [sys.executable, "-m", "snakemake", "-s", REPOSITORY / "Snakefile", "--cores", cores, *targets]
    return Contestant([*command, "--quiet"], prepare, folder=work)


def products(last: int) -> tuple[str, str]:
    """Return the names of both products of a subset."""
    return f"laion2B-{last}.h5", f"metadata-{last}.tsv"


def measure(options: Namespace) -> dict[str, Table]:
    """Return the table of whole builds."""
    mirror = options.folder / "build parts"
    parts = inputs.parts(mirror, PARTS, options.build_rows)
    files = [file for part in parts for file in part.files]
    ours, theirs = options.folder / "ours", options.folder / "theirs"

    def empty() -> None:
        rmtree(theirs, ignore_errors=True)
        theirs.mkdir()

    compared = set()

    def peer(name: str) -> Contestant:
        def check() -> None:
            if name not in compared:
                _same(ours, theirs)
                compared.add(name)

        return Contestant([options.peers, "-m", f"benchmarks.peers.{name}", mirror, PARTS, theirs], empty, check=check)

    workflow_itself = {"ours": workflow(ours, mirror, *products(PARTS))}
    bare = {"bare": Contestant(["sh", "-c", BARE, "sh", mirror, theirs], empty)}
    fast = {name: peer(name) for name in PEERS if name != SLOWEST}
    print("builds", flush=True)
    runs = compare(workflow_itself | bare | fast, options.rounds, files)
    slow = compare(workflow_itself | {SLOWEST: peer(SLOWEST)}, options.slow_rounds, files)

    table = Table(
        f"A subset of {PARTS} local parts ({options.build_rows:,} x 768 each), both products, {inputs.CORES} cores",
        [*COMPARISON, "memory", "of the other"],
    )
    copied = at_most(
        "`snakemake`", "no filter at all: `cp`, two at a time, then `cat`", runs["ours"], runs["bare"], None
    )
    table.rows.append([*copied, "", ""])
    for name, (words, least) in PEERS.items():
        pair = (slow if name == SLOWEST else runs)["ours"], (slow | runs)[name]
        memory = [megabytes(max(run.memory for run in each)) for each in pair]
        table.rows.append([*times_faster("`snakemake`", words, *pair, least), *memory])
    table.note = (
        "The workflow is measured from the command to its end: Snakemake, all jobs, and hashes of parts and shards, "
        "which the others don't make. The others are measured without the start of the interpreter. Their embeddings "
        f"were compared with the workflow's and are equal. Their TSVs have as many lines. {options.rounds} rounds, "
        f"{options.slow_rounds} against the "
        "slowest one. Parts are smaller than upstream's because the first and the last of the others hold all of "
        "them in memory, twice. Memory is that of the largest process."
    )
    return {"builds": table}


def _same(ours: Path, theirs: Path) -> None:
    """Raise ValueError if the embeddings are not the same, or the rows not as many: such a peer would be none."""
    embeddings, metadata = products(PARTS)
    with h5py.File(ours / embeddings) as one, h5py.File(theirs / embeddings) as other:
        if one["emb"].shape != other["emb"].shape:
            raise ValueError(f"{one['emb'].shape} and {other['emb'].shape} rows and dimensions")
        for first in range(0, len(one["emb"]), 100_000):
            block = slice(first, first + 100_000)
            if not np.array_equal(one["emb"][block].view("u2"), other["emb"][block].view("u2")):
                raise ValueError(f"embeddings differ after row {first}")
    if (found := _lines(theirs / metadata)) != (expected := _lines(ours / metadata)):
        raise ValueError(f"{found} and {expected} lines of metadata")


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(2**20), b""))
