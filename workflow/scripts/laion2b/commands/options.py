"""Options that several commands have."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from laion2b import names

if TYPE_CHECKING:
    from laion2b.neighbors.definition import Definition as DefinitionOfGold
    from laion2b.shards.definition import Definition
    from laion2b.subsets.definition import Definition as DefinitionOfSubset


def definition(text: str) -> "Definition":
    """Return the definition of a shard, which is given as JSON."""
    from laion2b.shards.definition import Definition

    return Definition.parse(text)


def definition_of_subset(text: str) -> "DefinitionOfSubset":
    """Return the definition of a product, which is given as JSON; that of its shards is enough."""
    from laion2b.subsets.definition import Definition

    return Definition.parse(text)


def definition_of_gold(text: str) -> "DefinitionOfGold":
    """Return the definition of a gold standard, which is given as JSON."""
    from laion2b.neighbors.definition import Definition

    return Definition.parse(text)


def add_definition(parser: argparse.ArgumentParser) -> None:
    """Add the definition of a shard."""
    parser.add_argument("--definition", type=definition, required=True, help="what a shard is, as JSON")


def add_records(parser: argparse.ArgumentParser) -> None:
    """Add the records of the shards of a subset, and their definition."""
    parser.add_argument("--records", type=Path, nargs="+", required=True, help="shards/NNNN.json, in order")
    add_definition(parser)


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Add the rows of a subset, and the records of its shards."""
    parser.add_argument("--rows", type=Path, nargs="+", required=True, help="for each part its shard, or a product")
    add_records(parser)


def add_gold(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add a gold standard and the queries that it is for."""
    parser.add_argument("--gold", type=Path, required=required, help="gold-N.h5")
    parser.add_argument("--queries", type=Path, required=required, help="queries.h5")


def add_shards(parser: argparse.ArgumentParser) -> None:
    """Add what both commands that concatenate need."""
    parser.add_argument("--shards", type=Path, nargs="+", required=True)
    parser.add_argument("--records", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--definition", type=definition_of_subset, required=True, help="what a product is, as JSON")
    parser.add_argument("--rows", type=int, help="write only so many rows, the first ones")


def add_search(parser: argparse.ArgumentParser) -> None:
    """Add what both commands that search one shard need."""
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--definition", type=definition_of_gold, required=True, help="what is searched for, as JSON")
    parser.add_argument("--kept", type=int, required=True, help="rows kept for each query")
    parser.add_argument("--output", type=Path, nargs=2, required=True, metavar=("H5", "RECORD"))


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add what the commands need that read the results of searches."""
    parser.add_argument("--results", type=Path, nargs="+", required=True, help="neighbors/NNNN.h5, in order")
    parser.add_argument("--records", type=Path, nargs="+", required=True, help="shards/NNNN.json, in order")
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--definition", type=definition_of_gold, required=True)
    parser.add_argument("--first", type=int, help="only so many first rows; the last result is of the cut shard")


def results_of(options: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    """Return the results and the records of shards of which a gold standard is made.

    Of first rows, only the shards that hold them count. The result of the shard that is cut is the last one.
    """
    if not options.first:
        return options.results, options.records
    from laion2b.shards.record import Shard
    from laion2b.subsets.concatenate import take

    *whole, cut = options.results
    shards = len(take([Shard.read_own(path) for path in options.records], options.first))
    return [*whole[: shards - 1], cut], options.records[:shards]


def folder_of_parts(record: Path) -> Path:
    """Return the folder of the parts, which is next to that of the shards and their records."""
    return record.parent.parent / names.PARTS
