"""How the cost grows with the parts, and what a second core brings."""

from argparse import Namespace
from pathlib import Path

from benchmarks import inputs
from benchmarks.builds import products, workflow
from benchmarks.measure import compare, median, ratio
from benchmarks.report import Table

PARTS = (1, 2, 4, 8)


def measure(options: Namespace) -> dict[str, Table]:
    """Return the table of builds of 1 to 8 parts."""
    mirror = options.folder / "build parts"
    parts = inputs.parts(mirror, max(PARTS), options.build_rows)
    files: list[Path] = [file for part in parts for file in part.files]
    turns = [(count, 2) for count in PARTS] + [(PARTS[-1], 1)]
    work = options.folder / "ours"
    contestants = {turn: workflow(work, mirror, *products(turn[0]), cores=turn[1]) for turn in turns}
    runs = compare(contestants, options.rounds, files)
    table = Table(
        f"Growth: `snakemake` on 1 to {PARTS[-1]} parts of {options.build_rows:,} x 768",
        ["parts", "cores", "seconds", "for each part", "for each part more than the row above"],
    )
    before = None
    for count in PARTS:
        seconds = median(runs[count, 2])
        more = f"{(seconds - before[1]) / (count - before[0]):.2f}" if before else ""
        table.rows.append([str(count), "2", f"{seconds:.1f}", f"{seconds / count:.2f}", more])
        before = count, seconds
    alone = runs[PARTS[-1], 1]
    seconds = median(alone)
    table.rows.append([str(PARTS[-1]), "1", f"{seconds:.1f}", f"{seconds / PARTS[-1]:.2f}", ""])
    table.note = (
        f"Medians of {options.rounds} rounds, all parts local, the start of Snakemake included. Two jobs at once "
        f"are {ratio(alone, runs[PARTS[-1], 2]):.2f} x as fast as one."
    )
    return {"growth": table}
