"""Say how many of the true neighbors a search has found."""

import argparse
import logging
from pathlib import Path

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("result", type=Path, help="HDF5 with a matrix knns of ids from 1, .npy or .ibin")
    parser.add_argument("--gold", type=Path, required=True, help="gold-N.h5, or a published one")
    parser.add_argument("--k", type=int, default=10, help="how many neighbors of each query count (default: 10)")
    parser.add_argument("--ids-from", type=int, choices=(0, 1), help="what the ids count from (default: 1)")
    parser.add_argument("--output", type=Path, help="file for the figures, as JSON")


def run(options: argparse.Namespace) -> None:
    """Print the recall."""
    from laion2b.files import write_json
    from laion2b.neighbors import recall

    figures = recall.recall(options.result, options.gold, options.k, options.ids_from)
    for warning in figures.warnings:
        log.warning("%s", warning)
    print(figures.text())
    if options.output:
        write_json(options.output, figures.content())
