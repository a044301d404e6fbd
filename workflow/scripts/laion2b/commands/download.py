"""Download one file of a part, and check it before it gets its name."""

import argparse
from pathlib import Path

from laion2b import memory
from laion2b.errors import ConfigError
from laion2b.names import STEMS
from laion2b.parts import mirrors


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("stem", choices=tuple(STEMS), help="how the name of the file begins upstream")
    parser.add_argument("part", type=int)
    parser.add_argument("output", type=Path)


def run(options: argparse.Namespace) -> None:
    """Download the file, unless it exists."""
    memory.bound()
    from laion2b.formats.opening import check_readable
    from laion2b.parts import catalogue, record
    from laion2b.parts.download import download
    from laion2b.parts.http import Limits
    from laion2b.run import fit
    from laion2b.run.environment import read_settings
    from laion2b.shards.definition import Definition

    settings = read_settings()
    if "mirrors" not in settings:
        raise ConfigError(
            "The command `download` is a part of the workflow, which gives it the mirrors. What to do: request the "
            f"file from Snakemake, as in: snakemake --cores 1 parts/{options.output.name}"
        )
    addresses = mirrors.addresses(settings["mirrors"], options.stem, options.part)
    limits = Limits.of(settings)
    known = catalogue.of(settings)
    definition = Definition.of(settings)

    def check(file: Path, sha256: str) -> None:
        catalogue.compare(options.output, sha256, known, *addresses)
        check_readable(file, options.output.suffix, definition.array)

    family = settings.get("family")
    record.check_family(options.output, family)
    if not options.output.exists():
        fit.refuse_more(options.output.parent, definition)
    download(options.output, addresses, check, limits)
    record.add_family(options.output, family)
    fit.note(options.output, definition, is_one_table=mirrors.is_one_table(settings["mirrors"]))
