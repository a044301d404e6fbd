"""Print the part of a row of a subset, and the row in that part, from 0."""

import argparse
from pathlib import Path

from laion2b import memory, names


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("embeddings", type=Path, help="laion2B-N.h5")
    parser.add_argument("row", type=int, nargs="+")
    parser.add_argument("--parts", type=Path, help="folder of the parts, if not next to the file")
    parser.add_argument("--shards", type=Path, help="folder of the shards' records, if not next to the file")


def run(options: argparse.Namespace) -> None:
    """Print a line for each row."""
    memory.bound()
    from laion2b.formats.hdf5 import Product
    from laion2b.subsets.locate import described

    folder = options.embeddings.parent
    parts, shards = options.parts or folder / names.PARTS, options.shards or folder / names.SHARDS
    with Product.open(options.embeddings) as product:
        for row in options.row:
            print(described(product, row, parts, shards))
