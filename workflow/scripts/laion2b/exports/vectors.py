"""Exports of the embeddings: one binary matrix, HDF5 for ann-benchmarks, Parquet."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from laion2b.files import Output, allocate, appearing
from laion2b.formats import ann_benchmarks, hdf5, vectors_parquet, xbin

from . import rows
from .rows import Source
from .truth import Truth, check_cosine


def write_binary(subset: Sequence[Source], dimensions: int, target: Path) -> int:
    """Write all rows as one matrix of the kind that the name of `target` ends in, and return their number.

    Raises ShardError, and leaves what was at `target` before, if rows are not what their records say.
    """
    count = rows.count(subset)
    _write_matrix((block for _, block in rows.blocks(subset)), count, dimensions, target)
    return count


def write_product(product: hdf5.Product, target: Path) -> None:
    """Write the rows of an open product as one matrix of the kind that the name of `target` ends in."""
    _write_matrix(product.blocks(0, product.rows), product.rows, product.dimensions, target)


def _write_matrix(blocks: Iterable[np.ndarray], count: int, dimensions: int, target: Path) -> None:
    kind = target.suffix[1:]
    with appearing(target) as (temporary,), temporary.open("wb", buffering=0) as file:
        allocate(file.fileno(), xbin.size(kind, count, dimensions), target)
        output = Output(file.fileno())
        if not kind.endswith("vecs"):
            output.write(xbin.header(count, dimensions))
        for block in blocks:
            output.write(xbin.encoded(kind, block))


def _for_ann_benchmarks(truth: Truth, distance: str, target: Path) -> tuple[dict, dict]:
    check_cosine(truth.metric, target.name)
    about = ann_benchmarks.attributes(distance, truth.queries.shape[1])
    about |= {"ids": "from 0", "k": truth.k}
    arrays = {"test": truth.queries, "neighbors": truth.ids, "distances": truth.distances}
    return arrays, about


def point_ann_benchmarks(product: Path, truth: Truth, distance: str, target: Path) -> None:
    """Write HDF5 for ann-benchmarks whose `train` points to a product. Raises ConfigError for `metric: dot`."""
    inside, about = _for_ann_benchmarks(truth, distance, target)
    with hdf5.Product.open(product) as opened:
        count = opened.rows
    with appearing(target) as (temporary,):
        ann_benchmarks.create_view(temporary, os.path.relpath(product, target.parent), count, inside, about)


def write_ann_benchmarks(subset: Sequence[Source], truth: Truth, distance: str, target: Path) -> None:
    """Write HDF5 for ann-benchmarks with all numbers in it. Raises ConfigError for another metric, and ShardError."""
    inside, about = _for_ann_benchmarks(truth, distance, target)
    with (
        appearing(target) as (temporary,),
        ann_benchmarks.create(temporary, rows.count(subset), inside, about) as output,
    ):
        for _, block in rows.blocks(subset):
            output.write(xbin.encoded("fbin", block))


def write_parquet_of_part(source: Source, target: Path) -> int:
    """Write the rows of one part, with their ids in all subsets that hold the part, and return their number."""
    about = {"ids": "from 0", "part": source.record.part}
    return vectors_parquet.write(target, source.blocks(), "emb", pa.float32(), about)


def write_test(truth: Truth, target: Path) -> None:
    """Write the queries as Parquet."""
    vectors_parquet.write(target, [(0, truth.queries)], "emb", pa.float32(), _texts(truth))


def write_neighbors(truth: Truth, target: Path) -> None:
    """Write the ids of the nearest rows of each query as Parquet."""
    vectors_parquet.write(target, [(0, truth.ids.astype(np.int64))], "neighbors_id", pa.int64(), _texts(truth))


def _texts(truth: Truth) -> dict[str, str]:
    return {name: str(value) for name, value in truth.about().items()}
