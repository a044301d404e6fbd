"""Compare the rows of an official subset with the file that was published."""

import argparse
from pathlib import Path

from laion2b import memory


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("embeddings", type=Path, help="HDF5 with a dataset emb")
    parser.add_argument("--last", type=int, required=True, help="number of its last part")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="file for the result, as JSON")


def run(options: argparse.Namespace) -> None:
    """Print what the comparison means."""
    memory.bound()
    from laion2b.files import write_json
    from laion2b.run.meter import Meter
    from laion2b.subsets.identity import identify, sentence
    from laion2b.subsets.verify import bytes_to_read

    with Meter(bytes_to_read(options.embeddings)) as meter:
        identity = identify(options.embeddings, options.last, options.threads, meter.add)
    print(sentence(identity))
    if options.output:
        write_json(options.output, identity)
