"""Write a page of HTML about the products in the working directory."""

import argparse
from pathlib import Path

from laion2b.names import NAME

from .options import add_definition


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--output", type=Path, required=True)
    add_definition(parser)
    parser.add_argument("--first-part", type=int, required=True)
    parser.add_argument("--name", default=NAME, help="how the names of the subsets begin")


def run(options: argparse.Namespace) -> None:
    """Write the page."""
    from laion2b.report import page

    page.write(options.output.parent, options.output, options.definition, options.first_part, options.name)
