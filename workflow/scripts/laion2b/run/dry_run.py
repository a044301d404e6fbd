"""Ask Snakemake what the next run in the current directory would do."""

import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from laion2b.errors import ConfigError
from laion2b.logs import own_rule

from .plan import Job

FILE, RULE, PLAN = "output_file", "rule", "plan"
"""Columns of the table that `snakemake --summary` prints."""
PENDING = "update pending"
"""The plan for a file that the run would write."""


def planned_jobs(snakefile: Path, targets: Sequence[str]) -> list[Job]:
    """Return the jobs of a run that builds these targets, or the default ones if there are none.

    Jobs without an output are left out. Raises ConfigError, with Snakemake's words, if the run would not start.
    """
    # No profile but the workflow's own: that of a user may name targets, or another output. The lock is left alone,
    # because a run may be at work.
    profiles = ["--profile", "none", "--workflow-profile", str(snakefile.parent / "profiles" / "default")]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), *profiles, "--nolock", "--summary"]
    done = subprocess.run([*command, *targets], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"The next run would not start. Snakemake says:\n{done.stderr.strip()}")
    return _jobs(done.stdout)


def _jobs(text: str) -> list[Job]:
    """Return the jobs in Snakemake's table, which has a line for each file, and those of a job together."""
    head, *lines = [line.split("\t") for line in text.splitlines()] or [[]]
    if not {FILE, RULE, PLAN} <= set(head):
        raise ConfigError(f"Snakemake does not say which jobs the next run has. It says:\n{text.strip()}")
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    pending = [(own_rule(row[RULE]) or row[RULE], Path(row[FILE])) for row in rows if row[PLAN] == PENDING]
    by_job = groupby(pending, lambda row: (row[0], _job(row[1])))
    return [Job(rule, tuple(file for _, file in files)) for (rule, _), files in by_job]


def _job(file: Path) -> str:
    """Return what the names of all files that one job writes have in common: a part's number, or a subset's."""
    return file.stem if file.parent.name else file.stem.rpartition("-")[2]
