"""Sort a list that `drop` or `keep_only` names, so that rows can be looked up in it."""

import argparse
import logging
from pathlib import Path

from laion2b import memory
from laion2b.shards.list_files import COLUMNS

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="the list: .txt, .parquet or .npy")
    parser.add_argument("--by", choices=tuple(COLUMNS), required=True, help="what its entries are")
    parser.add_argument("--sha256", required=True, help="the SHA-256 of its content")
    parser.add_argument("--output", type=Path, required=True)


def run(options: argparse.Namespace) -> None:
    """Write the sorted list."""
    memory.bound()
    from laion2b.formats.metadata import lighten_arrow
    from laion2b.shards.list_files import Listed
    from laion2b.shards.sorting import sort_list

    lighten_arrow()
    count = sort_list(options.file, Listed(options.by, options.sha256), options.output)
    log.info("%s: %s different entries", options.file, f"{count:,}")
