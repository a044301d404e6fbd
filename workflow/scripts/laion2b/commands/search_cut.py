"""Find the nearest rows for each query among the first rows of a shard, where the first rows of a subset end."""

import argparse
import logging
from pathlib import Path

from .options import add_search
from .search import nearest_in

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rows", type=Path, nargs="+", required=True, help="the shards, or a subset for each")
    parser.add_argument("--records", type=Path, nargs="+", required=True, help="shards/NNNN.json, in order")
    parser.add_argument("--first", type=int, required=True, help="rows of all shards together that count")
    add_search(parser)


def run(options: argparse.Namespace) -> None:
    """Search the rows, and compare all rows of the shard with its record."""
    from laion2b.neighbors import queries, results
    from laion2b.neighbors.rows import Rows
    from laion2b.run.headway import Headway
    from laion2b.shards.record import Shard
    from laion2b.subsets.concatenate import take

    shards = [Shard.read_own(path) for path in options.records]
    taken = take(shards, options.first)
    record, source = shards[len(taken) - 1], options.rows[len(taken) - 1]
    vectors = queries.load(options.queries)
    queries.check(options.queries, vectors, record.definition["dimensions"], options.definition.metric)
    with Rows.open(source, int(record.part)) as rows:
        record.compare_embeddings(source, rows.count, rows.xxh3())
        headway = Headway(2 * taken[-1], "rows")  # each is looked at twice
        nearest, about, _ = nearest_in(rows.first(taken[-1]), vectors, options, headway.add)
    about |= {"part": options.output[0].stem, "embeddings_xxh3": record.embeddings_xxh3, "source": str(source)}
    result, result_record = options.output
    results.write(result, result_record, nearest, about)
    log.info("%s: %s rows of part %s", result, f"{taken[-1]:,}", record.part)
