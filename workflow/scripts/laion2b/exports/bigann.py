"""What belongs to a matrix in one binary file: queries and gold standard for cuVS, DiskANN and big-ann."""

from pathlib import Path

import numpy as np

from laion2b.formats import xbin

from . import folder, readme
from .truth import Truth

CALLED = {
    "cosine": {"cuvs_distance": "cosine", "bigann_distance": "angular", "usearch_metric": "cos"},
    "dot": {"cuvs_distance": "inner_product", "bigann_distance": "ip", "usearch_metric": "ip"},
}
"""What consumers call a metric."""
FORMULAS = {"cosine": "1 - cos", "dot": "1 - dot of the raw values"}


def write(truth: Truth, name: str, base: str, target: Path) -> list[Path]:
    """Fill the folder, and return its files.

    `name` is what consumers shall call the subset, `base` the name of the matrix of float16, next to the folder.
    """
    dimensions, count = truth.queries.shape[1], len(truth.queries)
    about = {
        "name": name, "base": base, "folder": target.name, "k": truth.k, "metric": truth.metric,
        "rows": truth.rows, "dimensions": dimensions, "queries": count,
        "formula": FORMULAS[truth.metric], **CALLED[truth.metric],
    }  # fmt: skip
    return folder.fill(
        target,
        {
            "queries.f16bin": lambda path: xbin.write(path, halves(truth.queries)),
            "queries.fbin": lambda path: xbin.write(path, truth.queries),
            "queries.fvecs": lambda path: xbin.write(path, truth.queries),
            "groundtruth.neighbors.ibin": lambda path: xbin.write(path, truth.ids),
            "groundtruth.distances.fbin": lambda path: xbin.write(path, truth.distances),
            "groundtruth.bin": lambda path: xbin.write(path, truth.ids.astype("<u4"), truth.distances.astype("<f4")),
            "groundtruth.ivecs": lambda path: xbin.write(path, truth.ids),
            "cuvs.yaml": lambda path: readme.write(path, "cuvs", **about),
            "laion_dataset.py": lambda path: readme.write(path, "dataset", **about),
            readme.NAME: lambda path: readme.write(path, "bigann", **about),
        },
    )


def halves(queries: np.ndarray) -> np.ndarray:
    """Return float32 queries as float16: rounded to nearest, as all consumers do."""
    with np.errstate(over="ignore"):
        return queries.astype(np.float16)
