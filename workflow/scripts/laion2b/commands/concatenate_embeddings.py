"""Concatenate the embeddings of shards to a subset, or point to them."""

import argparse
import logging

from .options import add_shards

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_shards(parser)
    parser.add_argument("--layout", choices=("contiguous", "virtual"), default="contiguous")


def run(options: argparse.Namespace) -> None:
    """Write the product."""
    from laion2b.run.environment import read_settings
    from laion2b.run.headway import Headway
    from laion2b.subsets.concatenate import concatenate_embeddings, point_to_embeddings

    subset = options.definition
    product = options.shards, options.records, options.output, subset.of_shards()
    about = {"about": subset.attributes(read_settings()), "family": subset.family}
    if options.layout == "virtual":
        rows = point_to_embeddings(*product, **about)
    else:
        on_bytes = Headway.of_files(options.shards).add
        rows = concatenate_embeddings(*product, on_bytes, **about, rows=options.rows)
    log.info("%s: %s embeddings", options.output, f"{rows:,}")
