"""Say what exists in a working directory, what is missing and what failed, without running anything."""

import argparse
import contextlib
import functools
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from laion2b import names
from laion2b.errors import ConfigError, printable

from . import REPOSITORY

SHORTEST_INTERVAL, LONGEST_INTERVAL = 0.1, 86_400
"""Seconds between two lines of `--watch`."""

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="the working directory, if not this one")
    parser.add_argument("--last", type=int, metavar="N", help="only the subset of parts up to N, not all of `subsets`")
    more = parser.add_mutually_exclusive_group()
    more.add_argument("--next", action="store_true", help="say what the next run would do, and the disk that it needs")
    more.add_argument("--watch", action="store_true", help="show progress until the run ends: bars, or lines in a file")
    parser.add_argument(
        "--interval", type=_interval, default=60, metavar="SECONDS", help="between two lines of --watch"
    )


def _interval(text: str) -> float:
    if not SHORTEST_INTERVAL <= (seconds := float(text)) <= LONGEST_INTERVAL:
        raise argparse.ArgumentTypeError(f"{text} is not between {SHORTEST_INTERVAL} and {LONGEST_INTERVAL:,} seconds")
    return seconds


def run(options: argparse.Namespace) -> None:
    """Print a table. If asked, show it as it grows, or say what the next run would do."""
    from laion2b.parts.numbers import parts_up_to
    from laion2b.run import configuration
    from laion2b.run.status import look
    from laion2b.run.table import table

    if not options.folder.is_dir():
        raise ConfigError(f"{options.folder} does not exist. Name the working directory of a run.")
    with contextlib.chdir(options.folder):
        settings = configuration.load_here(REPOSITORY)
        subsets = settings["subsets"] if options.last is None else [options.last]
        numbers = parts_up_to(max(subsets), settings)
        looking = functools.partial(look, settings, numbers, subsets)
        if options.watch:
            from rich.console import Console

            from laion2b.run.bars import watch
            from laion2b.run.progress import Progress
            from laion2b.run.steps import Jobs

            jobs = Jobs.of_folder(numbers, subsets, is_virtual=settings["layout"] == "virtual", name=settings["name"])
            watch(Progress(looking, jobs), Console(), options.interval)
        print(printable(table(looking())), flush=True)
        if options.next:
            last = options.last
            targets = [] if last is None else list(names.products(last, settings["name"]))
            _say_next(settings, targets)


def _say_next(settings: Mapping, targets: Sequence[str]) -> None:
    from laion2b.run import dry_run, plan, preflight
    from laion2b.run.environment import DOWNLOADS_AT_ONCE

    jobs = dry_run.planned_jobs(REPOSITORY / "Snakefile", targets)
    if not jobs:
        print("The next run has nothing to do.")
        return
    print(f"The next run:\n{plan.table(jobs)}", flush=True)
    sentences, warnings = preflight.before_start(jobs, settings, DOWNLOADS_AT_ONCE + (os.cpu_count() or 1))
    print("\n".join([*sentences, *warnings]))
