# All use of Snakemake that is not documented. Each function says why it is needed. docs/architecture.md lists them.

import hashlib
import os
from pathlib import Path

from snakemake.logging import logger


def repository():
    """Return the folder of this repository: a clone, or a copy of what the jobs need of a remote one.

    `workflow.basedir` is the folder of the main Snakefile, which is not ours when we are a module, so this needs
    `workflow.current_basedir`. From a remote repository, `workflow.source_path` fetches one file at a time, under names
    of its own. The copy is in the working directory, which the nodes of a cluster see as well.
    """
    rules = Path(str(workflow.current_basedir))
    if rules.is_dir():
        return rules.parent.parent
    names = Path(workflow.source_path("../sources.txt")).read_text().split()
    contents = {name: Path(workflow.source_path(f"../../{name}")).read_bytes() for name in names}
    digest = hashlib.sha256(b"".join(contents.values())).hexdigest()[:16]
    copy = Path(".snakemake", f"laion2b-subsets-{digest}").absolute()
    for name, content in contents.items():
        if not (copy / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            unfinished = copy / f"{name}.{os.getpid()}"
            unfinished.write_bytes(content)
            unfinished.replace(copy / name)
    return copy


def is_main():
    """Return False in a job on a cluster, which reads the Snakefile again (`workflow.is_main_process`)."""
    return workflow.is_main_process


def downloads_at_once(default):
    """Return how many downloads may run at a time, and limit them.

    A limit in a profile would be lost when a user passes --resources for something else. So the limit is set here
    (`workflow.global_resources`, `workflow.register_resource`), if neither the command line nor a profile sets one.
    """
    if "downloads" not in workflow.global_resources:
        workflow.register_resource("downloads", default)
    return workflow.global_resources["downloads"].value


def cores():
    """Return the cores of this run, or None on a cluster, where `workflow.cores` raises an error."""
    return workflow.resource_settings.cores


def is_forced(*rules):
    """Tell whether the command line forces one of these rules, with any prefix of a module (`workflow.dag_settings`)."""
    forced = workflow.dag_settings
    return forced.forceall or any(logs.own_rule(name) in rules for name in forced.forcerun)


def is_asked_only_for(*patterns):
    """Tell whether all targets of the command line have names that a pattern with `{last}` makes, or that one of these is.

    They are in `workflow.dag_settings`. Without a target, the answer is no.
    """
    targets = [Path(target).name for target in workflow.dag_settings.targets]
    return bool(targets) and all(
        target in patterns or names.last_part(target, *patterns) is not None for target in targets
    )


def planned_jobs():
    """Return each job that this run will execute, as plain data (`workflow.dag`).

    Only `onstart` calls it. Snakemake never runs that for a module, so rules have no prefix here.
    """
    return list(map(as_data, workflow.dag.needrun_jobs()))


def finished_jobs():
    """Return each job that leads to the targets and was done before this run, as plain data."""
    needed = set(workflow.dag.needrun_jobs())
    return [as_data(job) for job in workflow.dag.jobs if job not in needed]


def as_data(job):
    """Return a job of Snakemake's as plain data."""
    return plan.Job(job.rule.name, tuple(map(Path, job.output)), tuple(map(Path, job.log)))


def parts_of_run():
    """Return the numbers of all parts of the run's subsets, also of those that are finished."""
    return sorted({int(job.wildcards.part) for job in workflow.dag.jobs if "part" in job.wildcards.keys()})


def show_bars(of_run):
    """Hand what a run shows to the logger plugin in workflow/logger, if Snakemake has it (`workflow.logger_manager`).

    No record of the logger could do this: Snakemake hands records to plugins in another thread, and the plugin has to
    be in charge of the terminal before the first job starts.
    """
    for handler in workflow.logger_manager.get_log_handlers():
        if hasattr(handler, "show_bars"):
            handler.show_bars(of_run)


def is_news(record):
    """Drop a warning about files that were downloaded just now. Snakemake would print it for each job of `part`."""
    text = record.getMessage()
    return not ("were not present when the DAG was created" in text and ("parts/" in text or "queries/" in text))


if not any(each.__name__ == is_news.__name__ for each in logger.filters if hasattr(each, "__name__")):
    logger.addFilter(is_news)
