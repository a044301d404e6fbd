"""Merge the results of shards to the gold standard of a subset."""

import argparse
import logging
from pathlib import Path

from .options import add_results, results_of

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_results(parser)
    parser.add_argument("--again", type=Path, required=True, help="neighbors/again-N.h5")
    parser.add_argument("--output", type=Path, required=True)


def run(options: argparse.Namespace) -> None:
    """Write the gold standard."""
    from laion2b.neighbors import again, merge
    from laion2b.neighbors.results import open_all

    definition = options.definition
    vectors, xxh3, results = open_all(options.queries, *results_of(options), definition)
    more, record = again.read(options.again, options.again.with_suffix(".json"))
    again.compare(options.again, record, results, definition, xxh3)
    merge.merge(results, len(vectors), xxh3, definition, more, options.output)
    log.info("%s: %s queries, %s neighbors each", options.output, f"{len(vectors):,}", definition.neighbors)
