"""Single steps against what moves the same bytes, and does nothing else."""

import sys
from argparse import Namespace
from dataclasses import replace

from benchmarks import inputs
from benchmarks.jobs import LATE
from benchmarks.measure import Contestant, Rounds, run
from benchmarks.report import COMPARISON, Table, at_most, megabytes, times_faster, verdict

COPY = 'cp "$1" "$2" && sync "$2"'
CAT = 'target=$1; shift; cat "$@" > "$target" && sync "$target"'
DISTINCT = 4
SHARDS = 11


def measure(options: Namespace) -> dict[str, Table]:
    """Return the tables of times and of memory."""
    sources = inputs.parts(options.folder / "parts", DISTINCT, options.rows)
    names = inputs.shards(options.folder / "shards", sources, SHARDS)
    mask = inputs.mask(sources[0], options.folder / "mask.npy")
    target = options.folder / "target"
    rounds = Rounds(options.rounds)

    def turn(*command: object) -> Contestant:
        return Contestant(command, lambda: target.unlink(missing_ok=True))

    def step(name: str, *arguments: object) -> Contestant:
        return turn(sys.executable, "-m", "benchmarks.jobs", name, *arguments)

    def peer(name: str, *arguments: object) -> Contestant:
        return turn(options.peers, "-m", f"benchmarks.peers.{name}", *arguments)

    def shell(program: str, *arguments: object) -> Contestant:
        return turn("sh", "-c", program, "sh", *arguments)

    times = Table(f"Single steps (parts of {options.rows:,} x 768)", COMPARISON)
    part = sources[0]
    name = "filter embeddings of a part"
    runs = rounds(
        name,
        [part.embeddings],
        ours=step("filter_embeddings", part.embeddings, mask, target),
        late=replace(step("filter_embeddings", part.embeddings, mask, target), environment={LATE: "1"}),
        cp=shell(COPY, part.embeddings, target),
    )
    times.rows.append(at_most(name, "`cp` of the .npy", runs["ours"], runs["cp"], 1.15))
    times.rows.append(at_most(f"{name}, all writing left to the flush", "the same", runs["late"], runs["cp"], None))

    name = "filter metadata of a part"
    runs = rounds(
        name,
        [part.metadata],
        ours=step("filter_metadata", part.metadata, target),
        polars=peer("polars_metadata", part.metadata, target),
        pandas=peer("pandas_metadata", part.metadata, target),
    )
    times.rows.append(at_most(name, "polars", runs["ours"], runs["polars"], 2))
    times.rows.append(times_faster(name, "pandas", runs["ours"], runs["pandas"], 8))

    name = "filter a part (whole job)"
    shard = options.folder / "one"
    shard.mkdir(exist_ok=True)

    def empty() -> None:
        for file in shard.iterdir():
            file.unlink()

    job = [sys.executable, "-m", "benchmarks.jobs", "filter_part", "0001", *part.files, shard]
    copy = ["sh", "-c", 'cp "$1" "$2" "$3" && sync "$3"/*', "sh", *part.files, shard]
    runs = rounds(name, list(part.files), ours=Contestant(job, empty), cp=Contestant(copy, empty))
    times.rows.append(at_most(name, "`cp` of both files", runs["ours"], runs["cp"], None))

    for kind, ending in (("embeddings", ".h5"), ("metadata", ".tsv")):
        name = f"concatenate {kind} of {SHARDS} shards"
        files = [each.with_suffix(ending) for each in names]
        runs = rounds(
            name,
            files[:DISTINCT],
            ours=step(f"concatenate_{kind}", target, *files),
            cat=shell(CAT, target, *files),
        )
        times.rows.append(at_most(name, "`cat`", runs["ours"], runs["cat"], 1.15))
    times.note = (
        f"Medians of {options.rounds} rounds. Steps are measured without the start of the interpreter, the whole job "
        f"with it. Hashes are included. The {SHARDS} shards are {DISTINCT} files under {SHARDS} names, so that they "
        "fit into memory together with what is written. All but one row ask the disk to begin while "
        "they work. Metadata are decoded by a second thread, as polars uses several. pandas does not."
    )
    small = inputs.parts(options.folder / "small parts", 1, options.rows // 4)[0]
    job = [sys.executable, "-m", "benchmarks.jobs", "filter_part", "0001", *small.files, shard]
    rounds.memory[f"filter a part of {options.rows // 4:,} rows (whole job)"] = run(Contestant(job, empty)).memory
    limits = {name: 400 if name.startswith("filter") else 100 for name in rounds.memory}
    sizes = Table("Memory", ["step", "at the peak", "target", ""])
    for name, size in rounds.memory.items():
        sizes.rows.append([name, megabytes(size), f"<= {limits[name]} MB", verdict(size <= limits[name] * 1e6)])
    sizes.note = "Resident, the largest of all rounds, with the interpreter and its libraries."
    return {"steps": times, "memory": sizes}
