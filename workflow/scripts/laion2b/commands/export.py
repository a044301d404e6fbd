"""Write what exists in a form that other programs read."""

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_gold, add_records, add_rows

if TYPE_CHECKING:
    from laion2b.exports.rows import Source
    from laion2b.exports.truth import Truth

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the kinds of exports, and the options of each."""
    kinds = parser.add_subparsers(required=True, metavar="KIND")

    binary = _kind(kinds, "binary", _binary, "one binary matrix: .f16bin, .fbin or .fvecs")
    add_rows(binary)

    vecs = _kind(kinds, "vecs", _vecs, ".fvecs of the first rows, queries and .ivecs of neighbors", outputs=3)
    vecs.add_argument("--embeddings", type=Path, required=True, help="laion2B-nROWS.h5")
    vecs.add_argument("--strings", type=Path, nargs=2, metavar=("TSV", "OUTPUT"), help="the captions of the rows, too")
    add_gold(vecs)

    ann = _kind(kinds, "ann_benchmarks", _ann_benchmarks, "HDF5 for ann-benchmarks or VIBE, with all numbers in it")
    add_rows(ann)
    pointing = _kind(kinds, "ann_benchmarks_view", _ann_benchmarks_view, "the same, pointing to the rows of a product")
    pointing.add_argument("--embeddings", type=Path, required=True, help="laion2B-N.h5")
    for kind in (ann, pointing):
        add_gold(kind)
        kind.add_argument("--distance", choices=("angular", "cosine"), required=True, help="what the consumer calls it")

    of_part = _kind(kinds, "metadata_of_part", _metadata_of_part, "the metadata of one shard as Parquet")
    of_part.add_argument("--metadata", type=Path, required=True, help="metadata_NNNN.parquet")
    add_records(of_part)
    metadata = _kind(kinds, "metadata", _metadata, "the metadata of a subset as Parquet")
    metadata.add_argument("--parts", type=Path, nargs="+", required=True, help="those of its parts, in order")
    add_records(metadata)

    vectors = _kind(kinds, "vectors_of_part", _vectors_of_part, "the rows of one shard as Parquet")
    vectors.add_argument("--rows", type=Path, required=True, help="the shard, or a product that holds it")
    add_records(vectors)
    parquet = _kind(kinds, "parquet", _parquet, "a folder of Parquet: rows, queries, neighbors")
    parquet.add_argument("--parts", type=Path, nargs="+", required=True, help="the rows of its parts, in order")
    add_gold(parquet)
    add_records(parquet)

    bigann = _kind(kinds, "bigann", _bigann, "a folder with queries and gold standard for cuVS, DiskANN, big-ann")
    bigann.add_argument("--name", required=True, help="what consumers call the subset")
    bigann.add_argument("--base", type=Path, required=True, help="the binary matrix of float16")
    add_gold(bigann)
    add_records(bigann)

    sisap = _kind(kinds, "sisap", _sisap, "a folder in the layout of the SISAP challenge")
    sisap.add_argument("--embeddings", type=Path, required=True, help="laion2B-N.h5")
    sisap.add_argument("--shards", type=Path, nargs="*", default=[], help="what a virtual product points to")
    sisap.add_argument(
        "--searched", type=json.loads, required=True, help="the definition of the gold standard, as JSON"
    )
    add_gold(sisap)
    add_records(sisap)

    odd = _kind(kinds, "odd_rows", _odd_rows, "rows that are zero, not finite, or equal to an earlier one", outputs=2)
    odd.add_argument("--name", required=True, help="the file whose rows they are")
    add_rows(odd)

    about = _kind(kinds, "describe", _describe, "what an export is made of, and the SHA-256 of its files")
    about.add_argument("export", type=Path)
    about.add_argument("--searched", type=json.loads, help="the definition of the gold standard, as JSON")
    add_gold(about, required=False)
    add_records(about)


def _kind(
    kinds: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    help_: str,
    outputs: int | None = None,
) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=help_)
    parser.set_defaults(write=run)
    parser.add_argument("--output", type=Path, required=True, nargs=outputs)
    return parser


def run(options: argparse.Namespace) -> None:
    """Write the export."""
    options.write(options)


def _sources(options: argparse.Namespace) -> "list[Source]":
    from laion2b.exports import rows

    return rows.sources(options.rows, options.records, options.definition)


def _count(options: argparse.Namespace) -> int:
    from laion2b.shards.record import Shard

    return sum(Shard.read(path, options.definition).rows for path in options.records)


def _truth(options: argparse.Namespace, rows: int) -> "Truth":
    from laion2b.exports import truth

    return truth.read(options.gold, options.queries, rows)


def _binary(options: argparse.Namespace) -> None:
    """Write all rows as one binary matrix."""
    from laion2b.exports.vectors import write_binary

    rows = write_binary(_sources(options), options.definition.dimensions, options.output)
    log.info("%s: %s rows", options.output, f"{rows:,}")


def _vecs(options: argparse.Namespace) -> None:
    """Write the first rows, queries, neighbors and captions in the form of research code."""
    from laion2b.exports import strings, vectors
    from laion2b.formats import xbin
    from laion2b.formats.hdf5 import Product
    from laion2b.formats.metadata import lighten_arrow

    lighten_arrow()
    base, queries, neighbors = options.output
    with Product.open(options.embeddings) as product:
        truth = _truth(options, product.rows)
        if options.strings:
            strings.write(options.strings[0], product.rows, options.strings[1])
        xbin.write(queries, truth.queries)
        xbin.write(neighbors, truth.ids)
        vectors.write_product(product, base)
    log.info("%s: %s rows", base, f"{truth.rows:,}")


def _ann_benchmarks(options: argparse.Namespace) -> None:
    """Write HDF5 for ann-benchmarks with all numbers in it."""
    from laion2b.exports import rows, vectors

    subset = _sources(options)
    truth = _truth(options, rows.count(subset))
    vectors.write_ann_benchmarks(subset, truth, options.distance, options.output)


def _ann_benchmarks_view(options: argparse.Namespace) -> None:
    """Write HDF5 for ann-benchmarks that points to the rows of a product."""
    from laion2b.exports import vectors
    from laion2b.formats.hdf5 import Product

    with Product.open(options.embeddings) as product:
        rows = product.rows
    vectors.point_ann_benchmarks(options.embeddings, _truth(options, rows), options.distance, options.output)


def _metadata_of_part(options: argparse.Namespace) -> None:
    """Write the metadata of one shard."""
    from laion2b import memory
    from laion2b.formats.metadata import lighten_arrow

    memory.bound()
    lighten_arrow()
    from laion2b.exports import metadata

    rows = metadata.write_part(options.metadata, options.records, options.definition, options.output)
    log.info("%s: %s rows", options.output, f"{rows:,}")


def _metadata(options: argparse.Namespace) -> None:
    """Join the metadata of parts."""
    from laion2b.exports import metadata

    rows = metadata.join(options.parts, options.records, options.definition, options.output)
    log.info("%s: %s rows", options.output, f"{rows:,}")


def _vectors_of_part(options: argparse.Namespace) -> None:
    """Write the rows of one shard, with their ids in all subsets that hold it."""
    from laion2b.exports import rows, vectors
    from laion2b.formats.metadata import lighten_arrow

    lighten_arrow()
    files = [options.rows] * len(options.records)  # of the earlier parts only the records are looked at
    *_, source = rows.sources(files, options.records, options.definition)
    count = vectors.write_parquet_of_part(source, options.output)
    log.info("%s: %s rows", options.output, f"{count:,}")


def _parquet(options: argparse.Namespace) -> None:
    """Fill a folder of Parquet."""
    from laion2b.exports import parquet, parts
    from laion2b.formats.metadata import lighten_arrow

    lighten_arrow()
    rows = parts.check(options.parts, options.records, options.definition)
    parquet.write(options.parts, _truth(options, rows), options.output)


def _bigann(options: argparse.Namespace) -> None:
    """Fill a folder for cuVS, DiskANN and big-ann."""
    from laion2b.exports import bigann

    bigann.write(_truth(options, _count(options)), options.name, options.base.name, options.output)


def _sisap(options: argparse.Namespace) -> None:
    """Fill a folder in the layout of the challenge."""
    from laion2b.exports import sisap
    from laion2b.subsets.definition import stated

    first, *_, last = 2 * [int(path.stem) for path in options.records]
    said = stated(options.embeddings)
    names = sisap.file_names(options.definition, first, last, options.searched["queries"], said)
    files = options.embeddings, options.queries, options.gold
    sisap.write(files, options.output, names, options.shards, options.records, options.definition)


def _odd_rows(options: argparse.Namespace) -> None:
    """Write which rows are zero, not finite, or equal to an earlier one."""
    from laion2b.exports import odd_rows
    from laion2b.formats.metadata import lighten_arrow

    lighten_arrow()
    odd, equal = odd_rows.write(_sources(options), options.name, *options.output)
    log.info("%s rows are zero or not finite, %s are equal to an earlier one.", f"{odd:,}", f"{equal:,}")


def _describe(options: argparse.Namespace) -> None:
    """Write the provenance of an export."""
    from laion2b.exports.provenance import provenance
    from laion2b.files import write_json

    from . import REPOSITORY

    content = provenance(
        options.export, options.records, options.definition, REPOSITORY,
        options.gold, options.queries, options.searched,
    )  # fmt: skip
    write_json(options.output, content)
