"""How the cost grows with the parts, and what a second core brings."""

from argparse import Namespace
from pathlib import Path

from benchmarks import inputs
from benchmarks.builds import products, workflow
from benchmarks.measure import compare, median
from benchmarks.report import Table

PARTS = (1, 2, 4, 8)


def measure(options: Namespace) -> dict[str, Table]:
    """Return the table of builds of 1 to 8 parts."""
    mirror = options.folder / "build parts"
    parts = inputs.parts(mirror, max(PARTS), options.build_rows)
    files: list[Path] = [file for part in parts for file in part.files]
    runs = {
        cores: compare(
            {count: workflow(options.folder / "ours", mirror, *products(count), cores=cores) for count in PARTS},
            options.rounds,
            files,
        )
        for cores in (1, 2)
    }
    table = Table(
        f"Growth: `snakemake` on 1 to 8 parts of {options.build_rows:,} x 768",
        ["parts", "seconds, 1 core", "per part", "seconds, 2 cores", "per part", "2 jobs at once against 1"],
    )
    for count in PARTS:
        one, two = (median(runs[cores][count]) for cores in (1, 2))
        cells = [f"{one:.1f}", f"{one / count:.2f}", f"{two:.1f}", f"{two / count:.2f}", f"{one / two:.2f} x faster"]
        table.rows.append([str(count), *cells])
    table.note = (
        f"Medians of {options.rounds} rounds, all parts local. The start of Snakemake, about the same for any number, "
        "is in all of them. The last step writes one file, in one job, so a second core helps less there."
    )
    return {"growth": table}
