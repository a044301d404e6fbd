"""Write queries.h5, from a file or drawn from a part."""

import argparse
import json
import logging
from pathlib import Path

from .options import definition

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--input", type=Path, nargs="+", required=True, help="a file, or those of a part")
    parser.add_argument("--queries", type=json.loads, required=True, help="as JSON: md5, or part, rows and seed")
    parser.add_argument("--shard", type=definition, required=True, help="what a shard is, as JSON")
    parser.add_argument("--output", type=Path, nargs=2, required=True, metavar=("H5", "RECORD"))


def run(options: argparse.Namespace) -> None:
    """Write the queries, and a record of where they come from."""
    from laion2b.files import write_json
    from laion2b.neighbors import queries
    from laion2b.run.environment import read_settings

    about, shard = options.queries, options.shard
    target, record = options.output
    if "part" in about:
        from laion2b.formats.metadata import lighten_arrow
        from laion2b.neighbors import draw

        lighten_arrow()
        embeddings, metadata = options.input[0], options.input[-1] if shard.needed_columns() else None
        drawn = about["part"], about["rows"], about["seed"]
        vectors, rows = draw.draw(embeddings, metadata, shard, *drawn, target.parent)
        queries.write(target, vectors, rows, about | {"rule": draw.RULE})
    else:
        metric = read_settings().get("metric", "dot")
        vectors = queries.read_given(options.input[0], about.get("md5"), shard.dimensions, metric)
        queries.write(target, vectors)
    xxh3, source = queries.xxh3(vectors), [str(path) for path in options.input]
    write_json(record, {"definition": about, "source": source, "count": len(vectors), "xxh3": xxh3})
    log.info("%s: %s queries, XXH3 %s", target, f"{len(vectors):,}", xxh3)
