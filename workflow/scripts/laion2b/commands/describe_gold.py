"""Write where a gold standard comes from."""

import argparse
from pathlib import Path

from . import REPOSITORY
from .options import add_results


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_results(parser)
    parser.add_argument("--again", type=Path, required=True, help="neighbors/again-N.h5")
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)


def run(options: argparse.Namespace) -> None:
    """Write the provenance."""
    from laion2b.files import read_json, write_json
    from laion2b.neighbors.provenance import provenance
    from laion2b.neighbors.results import open_all

    definition = options.definition
    vectors, xxh3, results = open_all(options.queries, options.results, options.records, definition)
    again = read_json(options.again.with_suffix(".json")) or {}
    records = [result.record for result in results]
    content = provenance(options.gold, options.queries, len(vectors), xxh3, definition, records, again, REPOSITORY)
    write_json(options.output, content)
