"""Jobs of a run, as the library's own plan has them."""

from pathlib import Path

from laion2b.run.plan import Job
from laion2b.run.steps import Jobs


def job(rule: str, name: str, output: str) -> Job:
    """Return a job with one output and its log."""
    return Job(rule, (Path(output),), (Path(f"logs/{rule}/{name}.log"),))


def planned(*jobs: Job, is_virtual: bool = False) -> Jobs:
    """Return the jobs of a run that has just begun."""
    return Jobs(jobs, [], {}, is_virtual=is_virtual)
