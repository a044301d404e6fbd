"""A folder of Parquet for databases: the rows of each part, which nested subsets share as links; queries; neighbors."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from . import folder, names, readme, vectors
from .links import link
from .truth import Truth

TEST, NEIGHBORS = "test.parquet", "neighbors.parquet"


def write(files: Sequence[Path], truth: Truth, target: Path) -> list[Path]:
    """Fill the folder, and return its files; `files` are the rows of each part."""
    writers: dict[str, Callable[[Path], object]] = {names.train_file(file.stem): partial(link, file) for file in files}
    about = {"metric": truth.metric, "k": truth.k, "rows": truth.rows, "dimensions": truth.queries.shape[1]}
    writers |= {
        TEST: partial(vectors.write_test, truth),
        NEIGHBORS: partial(vectors.write_neighbors, truth),
        readme.NAME: lambda path: readme.write(path, "parquet", **about),
    }
    return folder.fill(target, writers)
