"""Find the nearest rows of one shard for each query."""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_search

if TYPE_CHECKING:
    import numpy as np

    from laion2b.neighbors.rows import Rows
    from laion2b.neighbors.search import Nearest

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rows", type=Path, required=True, help="the shard, or a subset that holds it")
    parser.add_argument("--record", type=Path, required=True, help="shards/NNNN.json")
    add_search(parser)


def run(options: argparse.Namespace) -> None:
    """Search the shard, and compare its rows with its record as they are read."""
    from laion2b.neighbors import queries, results
    from laion2b.neighbors.rows import Rows
    from laion2b.run.headway import Headway
    from laion2b.shards.record import Shard

    vectors, record = queries.load(options.queries), Shard.read_own(options.record)
    queries.check(options.queries, vectors, record.definition["dimensions"], options.definition.metric)
    with Rows.open(options.rows, int(record.part)) as rows:
        headway = Headway(2 * rows.count, "rows")  # each is looked at twice
        nearest, about, xxh3 = nearest_in(rows, vectors, options, headway.add)
    record.compare_embeddings(options.rows, rows.count, xxh3)
    about |= {"part": record.part, "embeddings_xxh3": record.embeddings_xxh3, "source": str(options.rows)}
    result, result_record = options.output
    results.write(result, result_record, nearest, about)
    again = about["searched_again"]
    log.info(
        "%s: %s queries, %s rows. The first screen was enough for %s queries. %s were searched again exactly.",
        options.output[0], f"{len(vectors):,}", f"{rows.count:,}", f"{len(vectors) - again:,}", f"{again:,}",
    )  # fmt: skip


def nearest_in(
    rows: "Rows", vectors: "np.ndarray", options: argparse.Namespace, on_rows: Callable[[int], object]
) -> tuple["Nearest", dict, str]:
    """Return the nearest rows of each query, what a record says of the search, and the XXH3 of the rows."""
    from dataclasses import asdict

    from laion2b.neighbors import queries
    from laion2b.neighbors.screen import Queries
    from laion2b.neighbors.search import search

    found = search(rows, Queries.of(vectors), options.definition.metric, options.kept, on_rows)
    nearest, shard, again = found
    about = {
        "definition": asdict(options.definition),
        "queries_xxh3": queries.xxh3(vectors),
        "kept": options.kept,
        "rows": rows.count,
        "candidates": shard.candidates,
        "not_finite_rows": shard.not_finite,
        "zero_rows": shard.zero,
        "searched_again": again,
    }
    return nearest, about, shard.hasher.hexdigest()
