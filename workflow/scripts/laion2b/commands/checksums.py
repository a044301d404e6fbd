"""Print a catalogue (SHA256SUMS) of the parts in a folder."""

import argparse
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path)


def run(options: argparse.Namespace) -> None:
    """Print a line for each file."""
    from laion2b.parts import catalogue

    for line in catalogue.lines(options.folder):
        print(line, flush=True)
