"""Check a published gold standard against rows of ours."""

import argparse
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("published", type=Path, help="HDF5 with knns and dists")
    parser.add_argument("--queries", type=Path, required=True, help="the queries that it is for")
    parser.add_argument("--embeddings", type=Path, required=True, help="laion2B-N.h5")
    parser.add_argument("--gold", type=Path, help="our own gold-N.h5 for the same queries, to compare with")
    parser.add_argument(
        "--md5", nargs=2, metavar=("GOLD", "QUERIES"), help="the md5 that the two files must have, - for any"
    )
    parser.add_argument("--output", type=Path, help="file for the findings if all is well, otherwise NAME.failed.json")


def run(options: argparse.Namespace) -> None:
    """Print the findings, and raise ShardError if a check failed."""
    from laion2b.neighbors import published, queries
    from laion2b.run.meter import Meter
    from laion2b.subsets import findings

    findings.clear(options.output)
    for path, md5 in zip((options.published, options.queries), options.md5 or ("-", "-"), strict=True):
        queries.check_md5(path, None if md5 == "-" else md5)
    with Meter(options.embeddings.stat().st_size) as meter:
        found = published.verify(options.published, options.queries, options.embeddings, options.gold, meter.add)
    print(found.text())
    findings.conclude(found, options.output)
