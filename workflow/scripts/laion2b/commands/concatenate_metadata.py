"""Concatenate the metadata of shards to a subset."""

import argparse
import logging

from .options import add_shards as add  # noqa: F401

log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> None:
    """Write the product."""
    from laion2b.run.headway import Headway
    from laion2b.subsets.concatenate import concatenate_metadata

    on_bytes, definition = Headway.of_files(options.shards).add, options.definition.of_shards()
    rows = concatenate_metadata(options.shards, options.records, options.output, definition, on_bytes, options.rows)
    log.info("%s: %s rows", options.output, f"{rows:,}")
