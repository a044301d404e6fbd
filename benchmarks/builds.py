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
from demo import synthetic

PARTS = 8
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
        templates = {"embeddings": f"{mirror}/{synthetic.EMBEDDINGS}", "metadata": f"{mirror}/{synthetic.METADATA}"}
        (work / "config.yaml").write_text(yaml.safe_dump({"mirrors": [templates], **settings}))

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

    contestants = {"ours": workflow(ours, mirror, *products(PARTS))}
    for name in PEERS:
        command = [options.peers, "-m", f"benchmarks.peers.{name}", mirror, PARTS, theirs]
        contestants[name] = Contestant(command, empty)
    table = Table(
        f"A subset of {PARTS} local parts ({options.build_rows:,} x 768 each), both products, {inputs.CORES} cores",
        [*COMPARISON, "memory", "of the other"],
    )
    print("builds", flush=True)
    bare = ["sh", "-c", BARE, "sh", mirror, theirs]
    runs = compare({"ours": contestants["ours"], "bare": Contestant(bare, empty)}, options.rounds, files)
    table.rows.append(
        [*at_most("`snakemake`", "no filter at all: `cp`, two at a time, then `cat`", *runs.values(), None), "", ""]
    )
    for name, (words, least) in PEERS.items():
        pair = {each: contestants[each] for each in ("ours", name)}
        runs = compare(pair, options.slow_rounds if name == "row_by_row" else options.rounds, files)
        _same(ours, theirs)
        memory = [megabytes(max(run.memory for run in runs[each])) for each in pair]
        row = times_faster("`snakemake`", words, runs["ours"], runs[name], least)
        table.rows.append([*row, *memory])
    table.note = (
        "The workflow is measured from the command to its end: Snakemake, all jobs, and hashes of parts and shards, "
        "which the others don't make. The others are measured without the start of the interpreter; their embeddings "
        f"were compared with the workflow's and are equal. {options.rounds} rounds; {options.slow_rounds} against the "
        "slowest one. Parts are smaller than upstream's because the first and the last of the others hold all of "
        "them in memory, twice. Memory is that of the largest process."
    )
    return {"builds": table}


def _same(ours: Path, theirs: Path) -> None:
    """Raise ValueError if the embeddings are not the same: a peer that does less would be no peer."""
    name = products(PARTS)[0]
    with h5py.File(ours / name) as one, h5py.File(theirs / name) as other:
        if one["emb"].shape != other["emb"].shape:
            raise ValueError(f"{one['emb'].shape} and {other['emb'].shape} rows and dimensions")
        for first in range(0, len(one["emb"]), 100_000):
            block = slice(first, first + 100_000)
            if not np.array_equal(one["emb"][block].view("u2"), other["emb"][block].view("u2")):
                raise ValueError(f"embeddings differ after row {first}")
