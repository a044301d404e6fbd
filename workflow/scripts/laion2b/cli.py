"""The command line: what the rules call, and what is no target of the workflow."""

import argparse
import contextlib
import errno
import functools
import json
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import checksums, mirrors, usage
from .errors import ConfigError, Laion2bError, ShardError
from .failures import DONE, INTERRUPTED
from .shard import Definition

SETTINGS = "LAION2B_DOWNLOADS"
"""Environment variable with the mirrors and limits of downloads, as JSON."""

REPOSITORY = Path(__file__).resolve().parents[3]
DOWNLOADS_AT_ONCE = 4
"""Downloads at a time, unless Snakemake is told otherwise."""

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


def job_environment(library: Path, settings: Mapping, downloads: int) -> dict[str, str]:
    """Return the environment in which the rules' `python3 "$LAION2B" COMMAND` works, `downloads` of them at a time.

    `python3` is the interpreter that runs Snakemake, unless a conda environment or a container puts its own before it.
    The mirrors come by this way, not as params, so that a changed mirror does not count as a changed definition, which
    would fetch every part anew, and so that an address with a signature in it is not logged with the command.
    """
    limits = {key: settings[key] for key in ("mirrors", "checksums", "timeout", "attempts")}
    bandwidth = settings["bandwidth"] and settings["bandwidth"] * 1e6 / downloads
    return {
        "LAION2B": str(library),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        SETTINGS: json.dumps(limits | {"bandwidth": bandwidth}),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="laion2b", description=__doc__)
    parser.add_argument("--log", type=Path, help="file for the messages; warnings and errors also go to the terminal")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    download = commands.add_parser("download", help="download one file of a part")
    download.set_defaults(run=_download)
    download.add_argument("stem", choices=tuple(mirrors.STEMS), help="how the name of the file begins upstream")
    download.add_argument("part", type=int)
    download.add_argument("output", type=Path)

    filter_ = commands.add_parser("filter", help="filter one part to a shard")
    filter_.set_defaults(run=_filter)
    filter_.add_argument("--part", required=True)
    filter_.add_argument("--input", type=Path, nargs=2, required=True, metavar=("EMBEDDINGS", "METADATA"))
    filter_.add_argument("--output", type=Path, nargs=3, required=True, metavar=("H5", "TSV", "RECORD"))
    filter_.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")

    for kind in ("embeddings", "metadata"):
        concatenate = commands.add_parser(f"concatenate_{kind}", help=f"concatenate the {kind} of shards to a subset")
        concatenate.set_defaults(run=globals()[f"_concatenate_{kind}"])
        concatenate.add_argument("--shards", type=Path, nargs="+", required=True)
        concatenate.add_argument("--records", type=Path, nargs="+", required=True)
        concatenate.add_argument("--output", type=Path, required=True)
        concatenate.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")
        if kind == "embeddings":
            concatenate.add_argument("--layout", choices=("contiguous", "virtual"), default="contiguous")

    verify = commands.add_parser("verify", help="check a subset, or a copy of one, against the records of its shards")
    verify.set_defaults(run=_verify)
    verify.add_argument("embeddings", type=Path, help="HDF5 with a dataset emb")
    verify.add_argument("metadata", type=Path, nargs="?", help="the TSV of its rows")
    verify.add_argument("--records", type=Path, nargs="*", default=[], help="shards/NNNN.json of its parts, in order")
    verify.add_argument("--last", type=int, help="number of its last part, if there are no records, or those of more")
    verify.add_argument(
        "--definition", type=_definition, help="what a shard is, as JSON; that of the records if not given"
    )
    verify.add_argument("--output", type=Path, help="file for what was found, if all is well; else NAME.failed.json")

    jld2 = commands.add_parser("jld2", help="compare the rows of an official subset with the file that was published")
    jld2.set_defaults(run=_jld2)
    jld2.add_argument("embeddings", type=Path, help="HDF5 with a dataset emb")
    jld2.add_argument("--last", type=int, required=True, help="number of its last part")
    jld2.add_argument("--threads", type=int, default=1)
    jld2.add_argument("--output", type=Path, help="file for what was found, as JSON")

    describe = commands.add_parser("describe", help="write where a subset comes from, and the SHA-256 of its files")
    describe.set_defaults(run=_describe)
    describe.add_argument("--products", type=Path, nargs=2, required=True, metavar=("H5", "TSV"))
    describe.add_argument("--records", type=Path, nargs="+", required=True)
    describe.add_argument("--parts", type=Path, required=True, help="folder with the records of the parts' files")
    describe.add_argument("--output", type=Path, nargs=3, required=True, metavar=("PROVENANCE", "CROISSANT", "SUMS"))
    describe.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")

    locate = commands.add_parser("locate", help="print the part of a row of a subset, and the row in it; from 0")
    locate.set_defaults(run=_locate)
    locate.add_argument("embeddings", type=Path, help="laion2B-N.h5")
    locate.add_argument("row", type=int, nargs="+")
    locate.add_argument("--parts", type=Path, help="folder of the parts, if not beside it")
    locate.add_argument("--shards", type=Path, help="folder of the shards' records, if not beside it")

    report = commands.add_parser("report", help="tell what stands in the working directory, as one page of HTML")
    report.set_defaults(run=_report)
    report.add_argument("--output", type=Path, required=True)
    report.add_argument("--definition", type=_definition, required=True, help="what a shard is, as JSON")
    report.add_argument("--first-part", type=int, required=True)

    catalogue = commands.add_parser("checksums", help="print a catalogue (SHA256SUMS) of the parts in a folder")
    catalogue.set_defaults(run=_checksums)
    catalogue.add_argument("folder", type=Path)

    status = commands.add_parser("status", help="say what stands in a working directory; nothing is run")
    status.set_defaults(run=_status)
    status.add_argument("folder", type=Path, nargs="?", default=Path(), help="the working directory, if not this one")
    status.add_argument("--last", type=int, metavar="N", help="only the subset of parts up to N, not all of `subsets`")
    more = status.add_mutually_exclusive_group()
    more.add_argument("--next", action="store_true", help="say what the next run would do, and the disk that it needs")
    more.add_argument("--watch", action="store_true", help="show progress until the run ends: bars, or lines in a file")
    status.add_argument("--interval", type=float, default=60, metavar="SECONDS", help="between two lines of --watch")
    return parser


def _definition(text: str) -> Definition:
    return Definition(**json.loads(text))


def _download(options: argparse.Namespace) -> None:
    from .download import download
    from .transfer import Limits

    if mirrors.STEMS[options.stem] == "embeddings":
        from .embeddings import open_embeddings

        opener = functools.partial(open_embeddings, ending=options.output.suffix)
    else:
        from .metadata import open_metadata as opener
    settings = _settings()
    addresses = mirrors.addresses(settings["mirrors"], options.stem, options.part)
    limits = Limits(settings["timeout"], settings["attempts"], settings["bandwidth"])
    known = _catalogue(settings)

    def check(file: Path, sha256: str) -> None:
        checksums.compare(options.output, sha256, known, *addresses)
        with opener(file):
            pass

    download(options.output, addresses, check, limits)


def _settings() -> dict:
    """Return what `job_environment` handed over; nothing outside a run."""
    return json.loads(os.environ.get(SETTINGS, "{}"))


def _catalogue(settings: Mapping) -> dict[str, str]:
    return checksums.read(Path(settings["checksums"])) if settings.get("checksums") else {}


def _checksums(options: argparse.Namespace) -> None:
    for line in checksums.catalogue(options.folder):
        print(line, flush=True)


def _status(options: argparse.Namespace) -> None:
    from . import configuration
    from .status import look, table

    if not options.folder.is_dir():
        raise ConfigError(f"{options.folder} is not there. Name the working directory of a run.")
    with contextlib.chdir(options.folder):
        settings = configuration.load_here(REPOSITORY)
        subsets = settings["subsets"] if options.last is None else [options.last]
        numbers = configuration.parts(max(subsets), settings["first_part"])
        looking = functools.partial(look, settings, numbers, subsets)
        if options.watch:
            from rich.console import Console

            from .progress import watch

            watch(looking, Console(), options.interval)
        status = looking()
        print(table(status), flush=True)
        if options.next:
            last = options.last
            targets = [] if last is None else [f"laion2B-{last}.h5", f"metadata-{last}.tsv"]
            _say_next(settings, targets)


def _say_next(settings: Mapping, targets: Sequence[str]) -> None:
    from . import forecast

    jobs, outputs = forecast.dry_run(REPOSITORY / "Snakefile", targets)
    if not outputs:
        print("The next run has nothing to do.")
        return
    print(f"The next run:\n{jobs}", flush=True)
    print(forecast.disk(outputs, settings, DOWNLOADS_AT_ONCE + (os.cpu_count() or 1), log.warning))


def _filter(options: argparse.Namespace) -> None:
    from . import record
    from .filter import filter_part
    from .metadata import lighten_arrow
    from .partial import sweep

    lighten_arrow()
    known = _catalogue(_settings())
    for file in options.input:
        record.check(file)
        if file.name in known:
            checksums.compare(file, record.sha256_of(file), known)
    h5, tsv, shard_record = options.output
    filter_part(
        *options.input,
        shard_embeddings=h5,
        shard_metadata=tsv,
        shard_record=shard_record,
        part=options.part,
        definition=options.definition,
    )
    for file in options.input:
        try:
            if record.adopt(file):
                log.info("%s was there without a record; it is sound, and was used.", file)
            sweep(file)
        except OSError as error:  # a folder that others own, perhaps; the shard is good all the same
            log.info("%s gets no record: %s.", file, error.strerror)


def _concatenate_embeddings(options: argparse.Namespace) -> None:
    from .concatenate import concatenate_embeddings, view_embeddings

    write = {"contiguous": concatenate_embeddings, "virtual": view_embeddings}[options.layout]
    rows = write(options.shards, options.records, options.output, options.definition)
    log.info("%s: %s embeddings", options.output, f"{rows:,}")


def _concatenate_metadata(options: argparse.Namespace) -> None:
    from .concatenate import concatenate_metadata

    rows = concatenate_metadata(options.shards, options.records, options.output, options.definition)
    log.info("%s: %s rows", options.output, f"{rows:,}")


def _verify(options: argparse.Namespace) -> None:
    from . import official
    from .files import write_json
    from .meter import Meter
    from .shard import Shard
    from .verify import Findings, verify

    failed = options.output and options.output.with_suffix(".failed.json")
    for old in filter(None, (options.output, failed)):
        old.unlink(missing_ok=True)
    definition = options.definition or Shard.definition_of(options.records[:1]) or official.DEFINITION
    files = [file for file in (options.embeddings, options.metadata) if file]
    try:
        records = [Shard.read(path, definition) for path in options.records]
    except ShardError as error:
        findings = Findings()
        findings.unreadable(options.records[0].parent, error)
    else:
        records = [each for each in records if options.last is None or int(each.part) <= options.last]
        parts = [int(each.part) for each in records] or [official.FIRST_PART, options.last]
        is_range = not records or parts == list(range(parts[0], parts[-1] + 1))
        subset = official.subset(definition, parts[0], parts[-1]) if is_range else None
        with Meter(sum(map(_bytes_to_read, files))) as meter:
            findings = verify(options.embeddings, options.metadata, records, definition, subset, meter.add)
    print(findings.text())
    if options.output:
        write_json(failed if findings.failed else options.output, findings.content())
    if findings.failed:
        where = f" They stand in {failed}." if failed else ""
        raise ShardError(f"{len(findings.failed)} of {len(findings.checks)} checks failed, see above.{where}")


def _bytes_to_read(file: Path) -> int:
    """Return the bytes of a TSV, or those of the data in HDF5, which may be compressed, or only point to them."""
    from .hdf5 import Product

    try:
        with Product.open(file) as product:
            return product.rows * product.dimensions * 2
    except ShardError:
        return file.stat().st_size


def _jld2(options: argparse.Namespace) -> None:
    from .files import write_json
    from .identity import identify, sentence
    from .meter import Meter

    with Meter(_bytes_to_read(options.embeddings)) as meter:
        identity = identify(options.embeddings, options.last, options.threads, meter.add)
    print(sentence(identity))
    if options.output:
        write_json(options.output, identity)


def _describe(options: argparse.Namespace) -> None:
    from .croissant import croissant
    from .files import appearing, write_json
    from .provenance import provenance, sums

    content = provenance(options.products, options.records, options.parts, options.definition, REPOSITORY)
    target, description, catalogue = options.output
    write_json(target, content)
    write_json(description, croissant(content))
    with appearing(catalogue) as (temporary,):
        temporary.write_text(sums(content), encoding="utf-8")


def _locate(options: argparse.Namespace) -> None:
    from .hdf5 import Product
    from .locate import locate, row_in_part
    from .shard import Shard

    parts, shards = (
        given or options.embeddings.parent / name
        for given, name in ((options.parts, "parts"), (options.shards, "shards"))
    )
    with Product.open(options.embeddings) as product:
        for row in options.row:
            place = locate(product, row)
            line = f"row {row}: part {place.part}, row {place.row_in_shard} of its shard"
            metadata, record = parts / f"metadata_{place.part:04d}.parquet", shards / f"{place.part:04d}.json"
            if metadata.exists() and record.exists():
                definition = Shard.definition_of([record])
                kept = product.parts[place.part]
                line += f", row {row_in_part(metadata, definition, place.row_in_shard, kept)} of the part"
            print(line)


def _report(options: argparse.Namespace) -> None:
    from .metadata import lighten_arrow
    from .report import page

    lighten_arrow()
    page.write(Path.cwd(), options.output, options.definition, options.first_part)


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
