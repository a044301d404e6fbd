"""Exports against what moves the same bytes, and against what people write by hand."""

import sys
from argparse import Namespace
from pathlib import Path

from benchmarks import inputs
from benchmarks.measure import Contestant, Rounds, run
from benchmarks.report import COMPARISON, Table, at_most, megabytes, times_faster, verdict
from benchmarks.steps import CAT, COPY

SHARDS = 4
MOST_MEMORY = 400_000_000


def measure(options: Namespace) -> dict[str, Table]:
    """Return the tables of times and of memory."""
    sources = inputs.parts(options.folder / "parts", SHARDS, options.rows)
    names = inputs.shards(options.folder / "shards", sources, SHARDS)
    shards = [name.with_suffix(".h5") for name in names]
    target, folder = options.folder / "target", options.folder
    rounds = Rounds(options.rounds)

    def turn(output: Path, *command: object) -> Contestant:
        return Contestant(command, lambda: output.unlink(missing_ok=True))

    def step(name: str, output: Path, *arguments: object) -> Contestant:
        return turn(output, sys.executable, "-m", "benchmarks.jobs", name, output, *arguments)

    table = Table(f"Exports ({SHARDS} parts of {options.rows:,} x 768)", COMPARISON)
    halves, singles = folder / "all.f16bin", folder / "all.fbin"

    name = ".f16bin"
    cat = turn(target, "sh", "-c", CAT, "sh", target, *shards)
    runs = rounds(name, shards, ours=step("export_binary", halves, *shards), cat=cat)
    table.rows.append(at_most(name, "`cat` of the shards", runs["ours"], runs["cat"], 1.15))
    halves.unlink()

    name = ".fbin, float32"
    run(step("export_binary", singles, *shards))
    copy = turn(target, "sh", "-c", COPY, "sh", singles, target)
    runs = rounds(name, shards, ours=step("export_binary", folder / "again.fbin", *shards), copy=copy)
    table.rows.append(at_most(name, "`cp` of as many bytes", runs["ours"], runs["copy"], 1.15))
    for file in (singles, folder / "again.fbin", target):
        file.unlink()

    name = "metadata of a part as Parquet"
    part, record, written = sources[0].metadata, names[0].with_suffix(".json"), folder / "metadata.parquet"
    pandas = turn(target, options.peers, "-m", "benchmarks.peers.pandas_parquet", part, target)
    runs = rounds(name, [part], ours=step("export_metadata", written, part, record), pandas=pandas)
    table.rows.append(times_faster(name, "pandas", runs["ours"], runs["pandas"], 2))

    name = "joining the metadata of parts"
    joined = [written] * SHARDS
    cat = turn(target, "sh", "-c", CAT, "sh", target, *joined)
    runs = rounds(name, [written], ours=step("join_metadata", folder / "joined.parquet", *joined), cat=cat)
    table.rows.append(at_most(name, "`cat`", runs["ours"], runs["cat"], None))
    for file in (written, folder / "joined.parquet", target):
        file.unlink()

    name = "embeddings of a part as Parquet"
    runs = rounds(
        name,
        shards[:1],
        ours=step("export_vectors", folder / "vectors.parquet", shards[0]),
        cp=turn(target, "sh", "-c", COPY, "sh", shards[0], target),
    )
    table.rows.append(at_most(name, "`cp` of the shard", runs["ours"], runs["cp"], None))
    (folder / "vectors.parquet").unlink()

    name = "zero and equal rows"
    runs = rounds(
        name, shards, ours=step("export_odd_rows", folder / "equal.parquet", *shards),
        cat=turn(target, "sh", "-c", CAT, "sh", target, *shards),
    )  # fmt: skip
    table.rows.append(at_most(name, "`cat` of the shards", runs["ours"], runs["cat"], None))
    for file in (folder / "equal.parquet", folder / "equal.txt", target):
        file.unlink()

    product, view = folder / "product.h5", folder / "view.hdf5"
    run(Contestant([sys.executable, "-m", "benchmarks.jobs", "concatenate_embeddings", product, *shards]))
    run(step("export_view", view, product))
    name = "reading the virtual float32 `train`"
    runs = rounds(
        name,
        [product],
        ours=Contestant([sys.executable, "-m", "benchmarks.readers", "sequential", "train", view]),
        astype=Contestant([sys.executable, "-m", "benchmarks.readers", "sequential", "astype", product]),
    )
    table.rows.append(at_most(name, "h5py and `astype`", runs["ours"], runs["astype"], 1.15))
    for file in (product, view):
        file.unlink()

    table.note = (
        f"Medians of {options.rounds} rounds, without the start of the interpreter. Rows and metadata are compared "
        "with the records of their shards meanwhile."
    )
    sizes = Table("Memory of exports", ["step", "at the peak", "target", ""])
    for name, size in rounds.memory.items():
        sizes.rows.append([name, megabytes(size), f"<= {megabytes(MOST_MEMORY)}", verdict(size <= MOST_MEMORY)])
    sizes.note = "Resident, the largest of all rounds, with the interpreter and its libraries."
    return {"exports": table, "exports_memory": sizes}
