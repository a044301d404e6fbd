"""Checks before the first job of a run, because Snakemake deletes the outputs of a job before it starts.

This module imports only what Snakemake itself needs, because the Snakefile is read without our packages, too.
"""

import argparse
import functools
import importlib.util
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from laion2b import names
from laion2b.errors import ConfigError, PartError, ShardError, explain
from laion2b.files import read_json
from laion2b.logs import RuleName
from laion2b.neighbors import definition as gold
from laion2b.shards.definition import Definition

from . import disk, exports
from .plan import PRODUCTS, Job, of_rules

PROFILES = Path(__file__).resolve().parents[4] / "profiles"
"""The profiles that this workflow brings."""
SAMPLE = 3
"""Parts whose metadata are compared with the definition. One of them may be odd, but not all."""
LARGEST_VIRTUAL = 2**20
"""A virtual product has at most this many bytes. One of 900 shards has 170 kB."""
POINTS_TO = re.escape(names.shard_embeddings("NUMBER")).replace("NUMBER", r"(\d+)").encode() + b"\0"
"""The pattern of a shard's name in the bytes of a virtual product."""


def check_profile(arguments: Sequence[str], started_in: Path, snakefile_folder: Path) -> None:
    """Raise ConfigError if the command line names a profile of the workflow that Snakemake does not find.

    Snakemake would go on without a profile: on this machine alone, and without the settings of the default profile.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--workflow-profile", default="none")
    name = parser.parse_known_args(arguments)[0].workflow_profile
    places = [started_in / name, started_in / "profiles" / name, snakefile_folder / "profiles" / name]
    if name != "none" and not any(place.exists() for place in places):
        known = sorted(file.parent.name for file in PROFILES.glob("*/config.yaml"))
        raise ConfigError(
            f"--workflow-profile {name}: there is no such profile. Likely cause: a misspelt name, or a path "
            f"that starts from another folder. What to do: name one of {', '.join(known) or 'yours'}; from a Snakefile "
            f"of your own, give the path, such as {PROFILES / 'slurm'}."
        )


def check_shard(folder: Path, part: str, definition: str, keep_shards: bool) -> None:
    """Raise ConfigError if the shard of a part must not be deleted or built with this definition.

    `folder` holds parts/ and shards/, `definition` is JSON. A shard is built if it is missing, has another definition
    or is older than its part. Then `keep` and `columns` have to fit the parts. Otherwise a mistyped column would cost
    all shards before the first part is read. No virtual product may point to a shard that changes or will be deleted.
    """
    path = folder / names.shard_record(part)
    is_new = (read_json(path) or {}).get("definition") != json.loads(definition) or _is_older_than_part(path)
    if is_new:
        check_definition(folder, definition)
    if not is_new and keep_shards:
        return
    for product, parts in virtual_products(folder).items():
        if part in parts:
            raise ConfigError(
                f"{product} is virtual: it only points to shards, and this run would change or delete "
                f"{names.shard_embeddings(part)}. Its rows would then differ from those of its TSV. What to do: delete "
                f"{product} first, then build it again, which takes no time. Or undo the change of the configuration."
            )


def _is_older_than_part(shard: Path) -> bool:
    """Tell whether a file of the part was replaced after its shard was built: then Snakemake rebuilds the shard."""
    files = names.files_of_part(shard.parent.parent / names.PARTS, shard.stem)
    return any(file.stat().st_mtime_ns > shard.stat().st_mtime_ns for file in files)


@functools.cache
def check_definition(folder: Path, definition: str) -> None:
    """Raise ConfigError if `keep` or `columns` fit none of the first parts in `folder`/parts.

    One part alone may be odd itself. Where jobs have an environment of their own, the packages that read a part may be
    missing here. Then nothing is checked.
    """
    wanted, errors = Definition.parse(definition), []
    there = sorted(folder.glob(names.metadata_of_part("*")))[:SAMPLE] if wanted.needed_columns() else []
    if len(there) < 2 or not importlib.util.find_spec("pyarrow"):
        return
    from laion2b.formats.metadata import open_metadata
    from laion2b.shards import keep

    for file in there:
        try:
            with open_metadata(file, wanted.aliases) as table:
                keep.check_table(table, wanted)
        except PartError as error:
            errors.append(error)
    if len(errors) == len(there):
        raise ConfigError(
            "`keep`, `columns` or another key in config.yaml does not fit the parts. Nothing was started, and no shard "
            f"was changed. {errors[0]}"
        )


def check_exist(files: Sequence[Path]) -> None:
    """Raise ConfigError if a file that a check reads is missing. A check builds nothing."""
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        raise ConfigError(
            f"{missing[0]} does not exist"
            + (f", nor do {len(missing) - 1} other files" if missing[1:] else "")
            + ". A "
            "check reads what was built, and builds nothing itself. Build the subset first, both its embeddings (.h5) "
            f"and its {names.metadata('N')}."
        )


def before_start(jobs: Sequence[Job], settings: Mapping, at_once: int) -> tuple[list[str], list[str]]:
    """Check a run of these jobs in the current directory. Return what a user should know, and warnings.

    `at_once` is how many parts the run has on disk at a time. Raises ConfigError, DownloadError or SpaceError if the
    run must not start.
    """
    check_order(jobs)
    check_writable(jobs)
    needed, warnings = disk.forecast(jobs, settings, at_once)
    golds = [int(job.logs[0].stem) for job in of_rules(jobs, RuleName.SEARCH_AGAIN)]
    warnings += [*work_done_again(jobs), *exports.warnings(jobs), *gold.warnings(golds, settings)]
    return [needed] if needed else [], warnings


def check_order(jobs: Sequence[Job]) -> None:
    """Refuse to build a product and check it in the same run.

    Checks read finished files, and Snakemake does not order them after the build. Raises ConfigError.
    """
    reading = of_rules(jobs, RuleName.VERIFY, RuleName.JLD2, RuleName.VERIFY_GOLD, RuleName.REPORT)
    writing = of_rules(jobs, RuleName.FILTER, *PRODUCTS, RuleName.MERGE)
    if reading and writing:
        check, product = reading[0].outputs[0], writing[0].outputs[0]
        raise ConfigError(
            f"{check} describes finished files, but this run would also write {product}. Build first, then request "
            f"{check} in a second run."
        )


def check_writable(jobs: Sequence[Job]) -> None:
    """Raise ConfigError if a file of these jobs is in a folder that may not be written to."""
    files = [file for job in jobs for file in (*job.outputs, *job.logs)]
    for folder in dict.fromkeys(file.parent for file in files):
        there = next(each for each in (folder, *folder.parents) if each.exists())
        if not os.access(there, os.W_OK):
            raise ConfigError(
                f"{there} can't be written to, but the run would write files there. What to do: correct its "
                "permissions, or name another working directory with --directory."
            )


def work_done_again(jobs: Sequence[Job]) -> list[str]:
    """Return a warning for each kind of work that was done before and will be done again, with the reason."""
    again = [job for job in of_rules(jobs, RuleName.FILTER) if _record(job).exists()]
    lost = [job for job in again if not all(file.exists() for file in job.outputs)]
    products = sorted(str(job.outputs[0]) for job in of_rules(jobs, *PRODUCTS) if job.outputs[0].exists())
    with_them = f" With them, the run writes these products again: {', '.join(products)}." if products else ""
    warnings = []
    if lost:
        warnings.append(
            f"{len(lost)} shards that were deleted (`keep_shards: false`, or by you) will be rebuilt, because this run "
            f"extends or changes a subset.{with_them}"
        )
    if whole := len(again) - len(lost):
        warnings.append(
            f"{whole} shards that exist will be deleted and rebuilt, because the definition, a part or the command "
            f"line requires it.{with_them}"
        )
    parts = {_record(job).stem for job in again}
    files = [job.outputs[0] for job in of_rules(jobs, RuleName.PART)]
    if missing := [file for file in files if names.stem_and_part(file)[1] in parts and not file.exists()]:
        warnings.append(
            f"{len(missing)} files of parts will be downloaded again, because their shards will be rebuilt and the "
            "parts no longer exist."
        )
    return warnings


def _record(job: Job) -> Path:
    """Return the record of the shard that a job writes."""
    return next(file for file in job.outputs if file.suffix == names.RECORD)


def check_virtual(product: Path, shards: Sequence[Path]) -> None:
    """Raise ShardError if a virtual product exists, but not all the shards that it points to."""
    missing = [shard for shard in shards if not shard.exists()] if product.exists() else []
    if missing and pointed_to(product):
        raise ShardError(
            explain(
                product,
                found=f"{len(missing)} of its shards missing, such as {missing[0]}",
                expected="all of them, because `layout: virtual` makes it only point to them",
                cause="they were deleted or moved",
                do=f"put them back. Or delete {product} and run the same command again, which rebuilds the shards",
            )
        )


@functools.cache
def virtual_products(folder: Path) -> dict[Path, list[str]]:
    """Return the parts of each virtual product in a folder."""
    files = sorted(folder.glob("*-*.h5"))
    return {file: parts for file in files if (parts := _parts_of_virtual(file))}


def pointed_to(product: Path) -> list[Path]:
    """Return the shards that a virtual product points to. Another file, or a missing one, has none."""
    return [product.parent / names.shard_embeddings(part) for part in _parts_of_virtual(product)]


def _parts_of_virtual(product: Path) -> list[str]:
    """Return the parts of a virtual product, in order.

    Their names are searched in its bytes, because the HDF5 library may be missing where the Snakefile is read. A test
    compares them with the result of that library.
    """
    if not product.is_file() or product.stat().st_size > LARGEST_VIRTUAL:
        return []
    return [part.decode() for part in dict.fromkeys(re.findall(POINTS_TO, product.read_bytes()))]
