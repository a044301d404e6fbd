"""Check a subset, or a copy of one, against the records of its shards and the official figures."""

import argparse
from pathlib import Path

from laion2b import memory
from laion2b.errors import printable

from .options import definition


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("embeddings", type=Path, help="HDF5 with a dataset emb")
    parser.add_argument("metadata", type=Path, nargs="?", help="the TSV of its rows")
    parser.add_argument("--records", type=Path, nargs="*", default=[], help="shards/NNNN.json of its parts, in order")
    parser.add_argument(
        "--last", type=int, help="number of its last part, without records or with those of later parts"
    )
    parser.add_argument("--definition", type=definition, help="what a shard is, as JSON (default: that of the records)")
    parser.add_argument("--output", type=Path, help="file for the findings if all is well, otherwise NAME.failed.json")


def run(options: argparse.Namespace) -> None:
    """Print the findings, and raise ShardError if a check failed."""
    memory.bound()
    from laion2b.run.meter import Meter
    from laion2b.subsets import findings
    from laion2b.subsets.verify import bytes_to_read, verify_subset

    findings.clear(options.output)
    with Meter(bytes_to_read(options.embeddings, options.metadata)) as meter:
        found = verify_subset(
            options.embeddings, options.metadata, options.records, options.last, options.definition, meter.add
        )
    print(printable(found.text()))
    findings.conclude(found, options.output)
