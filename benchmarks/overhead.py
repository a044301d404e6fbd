"""What Snakemake itself costs, with parts so small that nothing else counts."""

import statistics
from argparse import Namespace
from dataclasses import replace

from benchmarks import inputs
from benchmarks.builds import products, workflow
from benchmarks.measure import Contestant, Run, compare, median
from benchmarks.report import Table, verdict

PARTS = 111
ALL_PARTS = 2313
ROWS = 20
JOBS = 3 * PARTS + 2


def measure(options: Namespace) -> dict[str, Table]:
    """Return the table of Snakemake's own cost."""
    mirror = options.folder / "tiny parts"
    inputs.parts(mirror, PARTS, ROWS)
    work, empty = options.folder / "tiny", options.folder / "nothing"
    keep = {"before": lambda _: None}
    print("overhead", flush=True)
    runs = compare({"build": _own(workflow(work, mirror, *products(PARTS)))}, 1)
    runs |= compare(
        {
            "nothing": _own(workflow(work, mirror, *products(PARTS), **keep)),
            "plan": workflow(empty, mirror, *products(ALL_PARTS), "-n", first_part=0, subsets=[ALL_PARTS]),
        },
        options.rounds,
    )
    build, nothing, plan = median(runs["build"], "cpu"), median(runs["nothing"], "cpu"), median(runs["plan"])
    own = (_seconds(runs["build"][0]) - statistics.median(map(_seconds, runs["nothing"]))) / JOBS
    job = (build - nothing) / JOBS
    table = Table("Snakemake's own cost", ["what", "seconds", "target", ""])
    table.rows += [
        [f"a run over {PARTS} parts with nothing to do, CPU", f"{nothing:.2f}", "<= 3", verdict(nothing <= 3)],
        ["a job, CPU of Snakemake alone", f"{own:.3f}", "<= 0.3", verdict(own <= 0.3)],
        [
            "a job, CPU of Snakemake, the shell, Python and its work on 20 rows",
            f"{job:.3f}",
            "<= 0.3",
            verdict(job <= 0.3),
        ],
        [f"plan for {ALL_PARTS + 1:,} parts, wall time", f"{plan:.1f}", "<= 10", verdict(plan <= 10)],
    ]
    table.note = (
        f"{options.rounds} rounds. A build of {PARTS} parts is {JOBS} jobs, done once. A job's share is what the "
        "build took more than the run with nothing to do."
    )
    return {"overhead": table}


def _own(contestant: Contestant) -> Contestant:
    """Return a run of Snakemake that says at its end how much of the CPU it took itself, without its jobs."""
    program = (
        "import atexit, resource, sys; from snakemake.cli import main; "
        "atexit.register(lambda: print('\\nown', sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))); main()"
    )
    python, _, _, *arguments = contestant.command
    return replace(contestant, command=[python, "-c", program, *arguments])


def _seconds(run: Run) -> float:
    return float(run.output.rpartition("\nown ")[2].split()[0])
