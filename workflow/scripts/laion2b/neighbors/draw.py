"""Draw queries from a part, by a rule that gives the same rows for ever, whatever the machine and the software.

The rule: the rows of the part that are kept, are finite and not all zero, in the order of the SHA-256 of the text
"SEED PART ROW" (decimal numbers, the row counts from 0), compared as bytes. A row is dropped if its cosine distance to
an earlier one that was not dropped is 0.01 or less, by the formula of docs/exactness.md. The first that are left are
the queries, in this order.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from laion2b.errors import ConfigError
from laion2b.formats.embeddings import Embeddings, open_embeddings
from laion2b.formats.metadata import open_metadata
from laion2b.shards import selection
from laion2b.shards.definition import Definition
from laion2b.shards.filter import check_part

from . import exact
from .queries import check_dimensions
from .screen import Queries, Screen

RULE = "kept, finite, not zero, by SHA-256 of 'SEED PART ROW', none within cosine distance 0.01 of an earlier one"
NEAR = 0.01


def draw(
    embeddings: Path, metadata: Path | None, definition: Definition, part: int, count: int, seed: int,
    folder: Path = Path(),
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the queries, float32 of shape (count, dimensions), and the rows of the part that they are.

    A part without metadata has None in their place. `folder` has the sorted lists of `drop` and `keep_only` in lists/.
    Raises ConfigError if there are fewer, or too many dimensions, and PartError if a file of the part is unsound.
    """
    check_dimensions(definition.dimensions)
    vectors, rows = np.empty((0, definition.dimensions), np.float16), np.empty(0, np.int64)
    with ExitStack() as stack:
        matrix = stack.enter_context(open_embeddings(embeddings, array=definition.array))
        table = stack.enter_context(open_metadata(metadata, definition.aliases)) if metadata else None
        check_part(matrix, table, definition)
        stays = selection.mask(table, definition, folder) if table else np.ones(matrix.rows, bool)
        order = _order(stays, part, seed)
        step = count + count // 4 + 100
        for first in range(0, len(order), step):
            chosen = order[first : first + step]
            candidates = _read(matrix, chosen)
            usable = np.isfinite(candidates).all(axis=1) & candidates.any(axis=1)
            vectors, rows = _thin(vectors, rows, candidates[usable], chosen[usable])
            if len(rows) >= count:
                return vectors[:count].astype(np.float32), rows[:count]
    raise ConfigError(
        f"Only {len(rows):,} queries can be drawn from part {part}, but `queries` asks for {count:,}: the part has "
        f"{len(order):,} rows that are kept, and of nearly equal ones only one is drawn. Ask for fewer `rows`."
    )


def _order(stays: np.ndarray, part: int, seed: int) -> np.ndarray:
    rows = np.flatnonzero(stays).tolist()
    rows.sort(key=lambda row: hashlib.sha256(f"{seed} {part} {row}".encode()).digest())
    return np.array(rows, np.int64)


def _read(matrix: Embeddings, rows: np.ndarray) -> np.ndarray:
    """Return some rows of a part, in the order in which they are named."""
    order = np.argsort(rows)
    wanted, found, first = rows[order], np.empty((len(rows), matrix.dimensions), np.float16), 0
    for block in matrix.blocks():
        begin, end = np.searchsorted(wanted, [first, first + len(block)])
        found[order[begin:end]] = block[wanted[begin:end] - first]
        first += len(block)
    return found


def _thin(
    vectors: np.ndarray, rows: np.ndarray, candidates: np.ndarray, numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return accepted rows with those of the candidates that are near no earlier one."""
    everything = np.concatenate([vectors, candidates])
    accepted = np.ones(len(everything), bool)
    near: dict[int, list[int]] = {}
    for later, earlier in _near_pairs(everything, len(vectors)):
        near.setdefault(later, []).append(earlier)
    for later in sorted(near):
        accepted[later] = not accepted[near[later]].any()
    return everything[accepted], np.concatenate([rows, numbers])[accepted]


def _near_pairs(vectors: np.ndarray, first: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs (later, earlier) of rows that are near each other, of which the later is `first` or more."""
    squares = exact.squares(vectors.astype(np.float64))
    queries = Queries(vectors[first:].astype(np.float32), squares[first:])
    screen = Screen(queries, "cosine")
    at_most = np.full(len(queries), NEAR, np.float32)
    thresholds = screen.farther(at_most, screen.errors(squares))
    for start in range(0, len(vectors), 4096):
        its = np.s_[start : start + 4096]
        bits = exact.piece_bits(squares[its].max(), vectors.shape[1])
        for found in screen.above(vectors[its], squares[its], thresholds):
            pairs = zip(found.query.tolist(), (found.row + start).tolist(), found.score, strict=True)
            for query, row, score in pairs:
                if row < first + query:
                    pieces = exact.cut(queries.vectors[query : query + 1], bits)
                    dot = exact.dots(vectors, np.array([row]), [1], pieces)
                    screen.check("queries", np.array([query]), np.array([score]), dot, squares[row : row + 1])
                    if exact.distances("cosine", dot, squares[first + query], squares[row : row + 1])[0] <= NEAR:
                        yield first + query, row
