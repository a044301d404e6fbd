"""The command line of the LAION2B workflow. The rules call it, and so do people."""

import argparse
import errno
import importlib
import logging
import os
import platform
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from . import memory
from .errors import Explanation, Laion2bError, printable
from .run import outcome, parent

COMMANDS = (
    "download", "list", "regroup", "filter", "delete_parts", "concatenate_embeddings", "concatenate_metadata",
    "describe", "verify", "jld2", "download_queries", "queries", "search", "search_cut", "search_again", "merge",
    "describe_gold", "verify_gold", "recall", "export", "report", "locate", "checksums", "status",
)  # fmt: skip
"""The commands, in the order of `--help`. Each is the module of this name in `commands/`."""

log = logging.getLogger("laion2b")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Errors are sentences, on the terminal and in the log."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's, or Snakemake's, polite way to stop a job
    job = outcome.Job(options.log)
    try:
        _log_to(options.log)
        parent.end_with(os.environ.get(parent.RUN))
        job.begin()
        if options.log:
            log.info("Running on %s.", platform.node())
        memory.prepare()
        options.run(options)
    except KeyboardInterrupt:
        log.error("Interrupted.")
        job.end(outcome.INTERRUPTED)
        return 130
    except Exception as error:
        why = _explain(error)
        log.error("%s", why, exc_info=why is UNEXPECTED)
        job.end(outcome.ERROR, why)
        return 1
    ended = job.end(outcome.WELL)
    if options.log:
        held = f", with at most {ended.MB} MB of memory" if ended.MB else ""
        log.info("Finished in %s seconds%s.", ended.seconds, held)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="laion2b", description=__doc__)
    parser.add_argument("--log", type=Path, help="file for the messages (warnings and errors go to the terminal, too)")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f".commands.{name}", __package__)
        about = str(module.__doc__).partition("\n")[0].removesuffix(".")
        command = subparsers.add_parser(name, help=about[0].lower() + about[1:])
        command.set_defaults(run=module.run)
        module.add(command)
    return parser


def _log_to(file: Path | None) -> None:
    log.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a log on a full disk must not cause a second traceback
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a closed one is None
        stream.reconfigure(errors="backslashreplace")  # a terminal may know only ASCII
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(_Printable("%(message)s"))
    terminal.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [terminal]
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file, mode="w", encoding="utf-8"))
        handlers[-1].setFormatter(_Printable("%(asctime)s %(levelname)s %(message)s"))
    log.handlers = handlers


class _Printable(logging.Formatter):
    """Writes control characters as escapes. People read logs on terminals, and a failed run repeats them."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


UNEXPECTED = Explanation("Unexpected error: this is a bug. Please report it and attach this log.")


def _explain(error: Exception) -> Explanation:
    """Return what a user has to know about an error; UNEXPECTED if it is none that a user can do something about."""
    if isinstance(error, Laion2bError):
        return error.explanation
    if isinstance(error, MemoryError):
        return Explanation(
            f"This takes more than {memory.MOST // 1_000_000:,} MB of memory, which no sound file needs. What was "
            "finished is good",
            do="look at the size of the input files. If they are as they should be, report it with this log",
        )
    if not isinstance(error, OSError):
        return UNEXPECTED
    where = error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return Explanation(
            f"No space left on the disk while writing {where}. What was finished is good",
            do="make room, or set `keep_parts: false`, and run the same command again",
        )
    return Explanation(
        f"{where}: {error.strerror or error}. What was finished is good",
        do="correct this, and run the same command again",
    )
