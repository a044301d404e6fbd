"""What each command does, with the options that `cli` has parsed. Heavy modules are loaded by those that need them."""

import argparse
import contextlib
import functools
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import checksums, mirrors
from .environment import DOWNLOADS_AT_ONCE, read_settings
from .errors import ConfigError, ShardError

REPOSITORY = Path(__file__).resolve().parents[3]

log = logging.getLogger("laion2b")


def run_download(options: argparse.Namespace) -> None:
    """Download one file of a part, and check it before it gets its name."""
    from .download import download
    from .transfer import Limits

    if mirrors.STEMS[options.stem] == "embeddings":
        from .embeddings import open_embeddings

        opener = functools.partial(open_embeddings, ending=options.output.suffix)
    else:
        from .metadata import open_metadata as opener
    settings = read_settings()
    addresses = mirrors.addresses(settings["mirrors"], options.stem, options.part)
    limits = Limits(settings["timeout"], settings["attempts"], settings["bandwidth"])
    known = _catalogue(settings)

    def check(file: Path, sha256: str) -> None:
        checksums.compare(options.output, sha256, known, *addresses)
        with opener(file):
            pass

    download(options.output, addresses, check, limits)


def _catalogue(settings: Mapping) -> dict[str, str]:
    return checksums.read(Path(settings["checksums"])) if settings.get("checksums") else {}


def run_checksums(options: argparse.Namespace) -> None:
    """Print the SHA-256 of the parts in a folder."""
    for line in checksums.catalogue(options.folder):
        print(line, flush=True)


def run_status(options: argparse.Namespace) -> None:
    """Print what stands, and, if asked, watch it grow, or say what the next run would do."""
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


def run_filter(options: argparse.Namespace) -> None:
    """Filter a part to its shard, after a look at whether its files are still those that were downloaded."""
    from . import record
    from .filter import filter_part
    from .metadata import lighten_arrow
    from .partial import sweep

    lighten_arrow()
    known = _catalogue(read_settings())
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


def run_concatenate_embeddings(options: argparse.Namespace) -> None:
    """Concatenate the embeddings of shards, or point to them."""
    from .concatenate import concatenate_embeddings, view_embeddings

    write = {"contiguous": concatenate_embeddings, "virtual": view_embeddings}[options.layout]
    rows = write(options.shards, options.records, options.output, options.definition)
    log.info("%s: %s embeddings", options.output, f"{rows:,}")


def run_concatenate_metadata(options: argparse.Namespace) -> None:
    """Concatenate the metadata of shards."""
    from .concatenate import concatenate_metadata

    rows = concatenate_metadata(options.shards, options.records, options.output, options.definition)
    log.info("%s: %s rows", options.output, f"{rows:,}")


def run_verify(options: argparse.Namespace) -> None:
    """Check a subset, print what was found, and raise ShardError if something is wrong."""
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


def run_jld2(options: argparse.Namespace) -> None:
    """Compare the rows of an official subset with the file that was published, and print what that means."""
    from .files import write_json
    from .identity import identify, sentence
    from .meter import Meter

    with Meter(_bytes_to_read(options.embeddings)) as meter:
        identity = identify(options.embeddings, options.last, options.threads, meter.add)
    print(sentence(identity))
    if options.output:
        write_json(options.output, identity)


def run_describe(options: argparse.Namespace) -> None:
    """Write the provenance of a subset, its Croissant description, and its SHA256SUMS."""
    from .croissant import croissant
    from .files import appearing, write_json
    from .provenance import provenance, sums

    content = provenance(options.products, options.records, options.parts, options.definition, REPOSITORY)
    target, description, catalogue = options.output
    write_json(target, content)
    write_json(description, croissant(content))
    with appearing(catalogue) as (temporary,):
        temporary.write_text(sums(content), encoding="utf-8")


def run_locate(options: argparse.Namespace) -> None:
    """Print the part of each row, and the row in it where the part's metadata are there."""
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


def run_report(options: argparse.Namespace) -> None:
    """Write the page about what stands in the working directory."""
    from .metadata import lighten_arrow
    from .report import page

    lighten_arrow()
    page.write(Path.cwd(), options.output, options.definition, options.first_part)
