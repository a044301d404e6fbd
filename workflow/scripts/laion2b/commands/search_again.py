"""Search those shards again whose results may lack neighbors of some queries in a subset."""

import argparse
import logging
from pathlib import Path

from .options import add_results, results_of

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_results(parser)
    parser.add_argument("--rows", type=Path, nargs="+", required=True, help="the shards, or a subset for each")
    parser.add_argument("--output", type=Path, nargs=2, required=True, metavar=("H5", "RECORD"))


def run(options: argparse.Namespace) -> None:
    """Search what the results lack. Most often that is nothing."""
    from dataclasses import asdict

    from laion2b.neighbors import again
    from laion2b.neighbors.merge import neighbors_in, open_pairs
    from laion2b.neighbors.results import open_all
    from laion2b.neighbors.screen import Queries

    definition = options.definition
    chosen, records = results_of(options)
    vectors, xxh3, results = open_all(options.queries, chosen, records, definition)
    neighbors_in(results, definition.neighbors)
    pairs = open_pairs(results, len(vectors), definition.neighbors)
    parts = [int(path.stem) for path in records]
    queries = Queries.of(vectors)
    found = again.search_again(pairs, options.rows, parts, results, queries, definition.metric, definition.neighbors)
    about = {"definition": asdict(definition), "queries_xxh3": xxh3, "sources": [str(path) for path in options.rows]}
    about["results"] = [result.record.rows_xxh3 for result in results]
    target, record = options.output
    again.write(target, record, found, about)
    log.info("%s: %s pairs of a shard and a query", options.output[0], f"{len(found.lines):,}")
