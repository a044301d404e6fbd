"""Filter one part to a shard, and compare the part's files with their records first."""

import argparse
import logging
from pathlib import Path

from laion2b import memory

from .options import add_definition

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--part", required=True)
    parser.add_argument("--embeddings", type=Path, required=True)
    parser.add_argument("--metadata", type=Path, nargs="?", help="Parquet; may be the file with the embeddings")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="H5, TSV if columns are written, RECORD")
    add_definition(parser)


def run(options: argparse.Namespace) -> None:
    """Filter the part."""
    memory.bound()
    from laion2b.formats.metadata import lighten_arrow
    from laion2b.parts import catalogue, record
    from laion2b.parts.partial import sweep
    from laion2b.run.environment import read_settings
    from laion2b.shards.filter import filter_part

    lighten_arrow()
    settings = read_settings()
    known, family = catalogue.of(settings), settings.get("family")
    files = list(dict.fromkeys(filter(None, (options.embeddings, options.metadata))))
    for file in files:
        record.check_family(file, family)
        record.check_unchanged(file)
        if file.name in known:
            catalogue.compare(file, record.sha256_of(file), known)
    h5, *tsv, shard_record = options.output
    filter_part(
        options.embeddings,
        options.metadata,
        shard_embeddings=h5,
        shard_metadata=tsv[0] if tsv else None,
        shard_record=shard_record,
        part=options.part,
        definition=options.definition,
        family=family,
        modulus=settings.get("modulus"),
    )
    for file in files:
        try:
            if record.adopt(file, family=family):
                log.info("%s had no record. It is sound, and was used.", file)
            sweep(file)
        except OSError as error:  # perhaps others own the folder, but the shard is good
            log.info("%s gets no record: %s.", file, error.strerror)
