"""Reading the products, against a plain .npy with the same rows."""

import sys
from argparse import Namespace
from pathlib import Path

import h5py
import numpy as np

from benchmarks import inputs
from benchmarks.measure import Contestant, compare, median, ratio, run
from benchmarks.readers import ROWS
from benchmarks.report import Table

PATTERNS = {
    "sequential": "all rows in order, 2,000 at a time",
    "random": f"{ROWS:,} rows at random, one by one",
    "fancy": f"{ROWS:,} rows at random, one sorted index",
}
SHARDS = 2


def measure(options: Namespace) -> dict[str, Table]:
    """Return the table of reading times."""
    sources = inputs.parts(options.folder / "parts", SHARDS, options.rows)
    shards = [name.with_suffix(".h5") for name in inputs.shards(options.folder / "shards", sources, SHARDS)]
    product, view, plain = (options.folder / name for name in ("product.h5", "view.h5", "plain.npy"))
    for step, target in (("concatenate_embeddings", product), ("point_to_embeddings", view)):
        run(Contestant([sys.executable, "-m", "benchmarks.jobs", step, target, *shards]))
    _npy(product, plain)
    ways = {
        "product, memory map": ("map", product),
        "product, h5py": ("h5py", product),
        "`layout: virtual`, h5py": ("h5py", view),
        "plain .npy, memory map": ("npy", plain),
    }
    table = Table("Reading", ["what", *ways])
    for pattern, words in PATTERNS.items():
        print("reading", pattern, flush=True)
        command = [sys.executable, "-m", "benchmarks.readers", pattern]
        contestants = {name: Contestant([*command, way, file]) for name, (way, file) in ways.items()}
        runs = compare(contestants, options.rounds, [plain, product, *shards])
        base = runs["plain .npy, memory map"]
        if len({each[0].output.partition("checksum")[2].split()[0] for each in runs.values()}) > 1:
            raise ValueError(f"{pattern}: the ways read other values")
        cells = [f"{median(each):.2f} s ({ratio(each, base):.2f} x)" for each in runs.values()]
        table.rows.append([words, *cells])
    table.note = (
        f"{SHARDS} shards of about {options.rows:,} rows, in the page cache. Ratios are against the plain .npy. For "
        "single rows, use a memory map (docs/products.md)."
    )
    for file in (product, view, plain):
        file.unlink()
    return {"reading": table}


def _npy(product: Path, target: Path) -> None:
    """Write the rows of a product as a plain .npy."""
    with h5py.File(product) as file:
        emb = file["emb"]
        copy = np.lib.format.open_memmap(target, "w+", np.float16, emb.shape)
        for first in range(0, len(emb), 100_000):
            copy[first : first + 100_000] = emb[first : first + 100_000]
