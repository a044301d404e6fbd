"""Delete the downloaded files of a part whose shard is finished."""

import argparse
from pathlib import Path

from .options import folder_of_parts


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("record", type=Path, help="shards/NNNN.json (the part's files are in parts/ next to shards/)")


def run(options: argparse.Namespace) -> None:
    """Delete the files."""
    from laion2b.parts.deletion import delete_downloaded

    delete_downloaded(folder_of_parts(options.record), options.record.stem)
