"""The command line: what the rules call, and what is no target of the workflow."""

import argparse
import errno
import json
import logging
import platform
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import commands, mirrors, usage
from .errors import Laion2bError
from .failures import DONE, INTERRUPTED
from .shard import Definition

log = logging.getLogger("laion2b")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Errors are sentences, on the terminal and in the log."""
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's, or Snakemake's, polite way to stop a job
    try:
        _log_to(options.log)
        if options.log:
            log.info("on %s", platform.node())
        options.run(options)
    except Laion2bError as error:
        log.error("%s", error)
    except KeyboardInterrupt:
        log.error(INTERRUPTED)
        return 130
    except OSError as error:
        log.error("%s", _explain(error))
    except Exception:
        log.exception("an unexpected error, which is a mistake of this software; please report it with this log.")
    else:
        if options.log:
            log.info(usage.said(began))
            log.info(DONE)
        return 0
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="laion2b", description=__doc__)
    parser.add_argument("--log", type=Path, help="file for the messages; warnings and errors also go to the terminal")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    download = subparsers.add_parser("download", help="download one file of a part")
    download.set_defaults(run=commands.run_download)
    download.add_argument("stem", choices=tuple(mirrors.STEMS), help="how the name of the file begins upstream")
    download.add_argument("part", type=int)
    download.add_argument("output", type=Path)

    filter_ = subparsers.add_parser("filter", help="filter one part to a shard")
    filter_.set_defaults(run=commands.run_filter)
    filter_.add_argument("--part", required=True)
    filter_.add_argument("--input", type=Path, nargs=2, required=True, metavar=("EMBEDDINGS", "METADATA"))
    filter_.add_argument("--output", type=Path, nargs=3, required=True, metavar=("H5", "TSV", "RECORD"))
    filter_.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")

    for kind in ("embeddings", "metadata"):
        concatenate = subparsers.add_parser(f"concatenate_{kind}", help=f"concatenate the {kind} of shards to a subset")
        concatenate.set_defaults(run=getattr(commands, f"run_concatenate_{kind}"))
        concatenate.add_argument("--shards", type=Path, nargs="+", required=True)
        concatenate.add_argument("--records", type=Path, nargs="+", required=True)
        concatenate.add_argument("--output", type=Path, required=True)
        concatenate.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")
        if kind == "embeddings":
            concatenate.add_argument("--layout", choices=("contiguous", "virtual"), default="contiguous")

    verify = subparsers.add_parser("verify", help="check a subset, or a copy of one, against the records of its shards")
    verify.set_defaults(run=commands.run_verify)
    verify.add_argument("embeddings", type=Path, help="HDF5 with a dataset emb")
    verify.add_argument("metadata", type=Path, nargs="?", help="the TSV of its rows")
    verify.add_argument("--records", type=Path, nargs="*", default=[], help="shards/NNNN.json of its parts, in order")
    verify.add_argument("--last", type=int, help="number of its last part, if there are no records, or those of more")
    verify.add_argument(
        "--definition", type=_definition, help="what a shard is, as JSON; that of the records if not given"
    )
    verify.add_argument("--output", type=Path, help="file for what was found, if all is well; else NAME.failed.json")

    jld2 = subparsers.add_parser("jld2", help="compare the rows of an official subset with the file that was published")
    jld2.set_defaults(run=commands.run_jld2)
    jld2.add_argument("embeddings", type=Path, help="HDF5 with a dataset emb")
    jld2.add_argument("--last", type=int, required=True, help="number of its last part")
    jld2.add_argument("--threads", type=int, default=1)
    jld2.add_argument("--output", type=Path, help="file for what was found, as JSON")

    describe = subparsers.add_parser("describe", help="write where a subset comes from, and the SHA-256 of its files")
    describe.set_defaults(run=commands.run_describe)
    describe.add_argument("--products", type=Path, nargs=2, required=True, metavar=("H5", "TSV"))
    describe.add_argument("--records", type=Path, nargs="+", required=True)
    describe.add_argument("--parts", type=Path, required=True, help="folder with the records of the parts' files")
    describe.add_argument("--output", type=Path, nargs=3, required=True, metavar=("PROVENANCE", "CROISSANT", "SUMS"))
    describe.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")

    locate = subparsers.add_parser("locate", help="print the part of a row of a subset, and the row in it; from 0")
    locate.set_defaults(run=commands.run_locate)
    locate.add_argument("embeddings", type=Path, help="laion2B-N.h5")
    locate.add_argument("row", type=int, nargs="+")
    locate.add_argument("--parts", type=Path, help="folder of the parts, if not beside it")
    locate.add_argument("--shards", type=Path, help="folder of the shards' records, if not beside it")

    report = subparsers.add_parser("report", help="tell what stands in the working directory, as one page of HTML")
    report.set_defaults(run=commands.run_report)
    report.add_argument("--output", type=Path, required=True)
    report.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")
    report.add_argument("--first-part", type=int, required=True)

    catalogue = subparsers.add_parser("checksums", help="print a catalogue (SHA256SUMS) of the parts in a folder")
    catalogue.set_defaults(run=commands.run_checksums)
    catalogue.add_argument("folder", type=Path)

    status = subparsers.add_parser("status", help="say what stands in a working directory; nothing is run")
    status.set_defaults(run=commands.run_status)
    status.add_argument("folder", type=Path, nargs="?", default=Path(), help="the working directory, if not this one")
    status.add_argument("--last", type=int, metavar="N", help="only the subset of parts up to N, not all of `subsets`")
    more = status.add_mutually_exclusive_group()
    more.add_argument("--next", action="store_true", help="say what the next run would do, and the disk that it needs")
    more.add_argument("--watch", action="store_true", help="show progress until the run ends: bars, or lines in a file")
    status.add_argument("--interval", type=float, default=60, metavar="SECONDS", help="between two lines of --watch")
    return parser


def _definition(text: str) -> Definition:
    return Definition(**json.loads(text))


def _log_to(file: Path | None) -> None:
    log.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a log on a full disk is no reason for a traceback of its own
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(logging.Formatter("%(message)s"))
    terminal.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [terminal]
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file, mode="w", encoding="utf-8"))
        handlers[-1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.handlers = handlers


def _explain(error: OSError) -> str:
    where = error.filename or "a file"
    if error.errno == errno.ENOSPC:
        return (
            f"No space left on the disk while writing {where}. What was finished is good. Make room, or set "
            "`keep_parts: false`, and run the same command again."
        )
    return f"{where}: {error.strerror or error}. What was finished is good; mend this and run the same command again."
