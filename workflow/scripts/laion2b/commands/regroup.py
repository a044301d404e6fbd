"""Put the rows of copies whose files are no parts back into parts."""

import argparse
import logging
from pathlib import Path

from laion2b import memory

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="Parquet tables, in their order")
    parser.add_argument("--modulus", type=int, required=True, help="how many parts the family has")
    parser.add_argument("--order", choices=("copy", "key"), required=True, help="the order of the rows in a part")
    parser.add_argument("--array", nargs="?", help="the column with the embeddings, if it is none of the usual ones")
    parser.add_argument("--unfinished", type=Path, required=True, help="folder for what is not finished")
    parser.add_argument("--parts", type=Path, required=True, help="folder of the parts")


def run(options: argparse.Namespace) -> None:
    """Write the files of the parts."""
    memory.bound()
    from laion2b.formats.metadata import lighten_arrow
    from laion2b.shards.regroup import regroup

    lighten_arrow()
    array, order = options.array or None, options.order
    parts = regroup(options.files, options.unfinished, options.parts, options.modulus, order, array)
    log.info("%s: %s parts, %s to %s", options.parts, f"{len(parts):,}", parts[0], parts[-1])
