"""Write where a subset comes from, its Croissant description, and the SHA-256 of its files."""

import argparse
from pathlib import Path

from . import REPOSITORY
from .options import add_definition, folder_of_parts


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--products", type=Path, nargs="+", required=True, help="H5, and TSV if there is one")
    parser.add_argument("--records", type=Path, nargs="+", required=True)
    parser.add_argument("--parts", type=Path, help="folder of the parts' records, if not next to shards/")
    parser.add_argument("--output", type=Path, nargs=3, required=True, metavar=("PROVENANCE", "CROISSANT", "SUMS"))
    add_definition(parser)


def run(options: argparse.Namespace) -> None:
    """Write the three files."""
    from laion2b.files import appearing, write_json
    from laion2b.run.environment import read_settings
    from laion2b.subsets.croissant import croissant
    from laion2b.subsets.provenance import provenance, sha256sums

    parts = options.parts or folder_of_parts(options.records[0])
    content = provenance(options.products, options.records, parts, options.definition, REPOSITORY, read_settings())
    target, description, sums_file = options.output
    write_json(target, content)
    write_json(description, croissant(content))
    with appearing(sums_file) as (temporary,):
        temporary.write_text(sha256sums(content), encoding="utf-8")
