"""The nearest rows of one shard, against the slow reference, on data made to be nasty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laion2b.errors import EngineError, ShardError
from laion2b.neighbors import search as library
from laion2b.neighbors.exact import single
from laion2b.neighbors.rows import Rows
from laion2b.neighbors.screen import Queries, Screen
from tests.support import neighbors as reference


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(library, "SCREENED", 13)
    monkeypatch.setattr(library, "SCREENED_FIRST", 3)
    monkeypatch.setattr(library, "GATHERED", 29)
    monkeypatch.setattr(library, "CUT", 3)
    monkeypatch.setattr("laion2b.neighbors.pool.MORE", 0)
    monkeypatch.setattr("laion2b.neighbors.screen.QUERIES_AT_ONCE", 5)


def search(path, queries, metric, kept):
    looked = []
    with Rows.open(path, 1) as rows:
        found = library.search(rows, Queries.of(queries), metric, kept, looked.append)
    assert sum(looked) == 2 * rows.count
    return found


def check(nearest, metric, queries, matrix, kept):
    for number, query in enumerate(queries):
        expected = reference.ranking(metric, query, matrix)[:kept]
        assert nearest.rows[number].tolist() == [row for _, row, _ in expected]
        assert nearest.distances[number].tolist() == [distance for _, _, distance in expected]


@pytest.mark.parametrize("metric", ["cosine", "dot"])
@pytest.mark.parametrize(("rows", "kept"), [(0, 3), (1, 3), (2, 1), (40, 50), (120, 1), (150, 10), (150, 40)])
def test_nasty_rows(metric, rows, kept, tmp_path):
    for seed in range(2):
        matrix = reference.nasty(seed, rows, 6) if rows > 1 else np.full((rows, 6), 0.25, np.float16)
        queries = reference.nasty_queries(seed, matrix, 9)
        path = reference.write_shard(tmp_path / "0001.h5", matrix)
        nearest, shard, _ = search(path, queries, metric, kept)
        check(nearest, metric, queries, matrix, kept)
        finite = np.isfinite(matrix).all(axis=1)
        zero = int((finite & ~matrix.any(axis=1)).sum())
        assert (shard.not_finite, shard.zero) == ((~finite).sum(), zero)
        assert shard.candidates == finite.sum() - (zero if metric == "cosine" else 0)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 9), st.integers(1, 20), st.sampled_from(["cosine", "dot"])
)
def test_any_rows(tmp_path_factory, seed, rows, dimensions, kept, metric):
    matrix = reference.nasty(seed, rows, dimensions)
    queries = reference.nasty_queries(seed, matrix, 6)
    path = reference.write_shard(tmp_path_factory.mktemp("shard") / "0001.h5", matrix)
    check(search(path, queries, metric, kept)[0], metric, queries, matrix, kept)


def test_rows_of_full_width(tmp_path):
    matrix = reference.nasty(5, 60, 768)
    queries = reference.nasty_queries(5, matrix, 8)
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    for metric in ("cosine", "dot"):
        check(search(path, queries, metric, 7)[0], metric, queries, matrix, 7)


def test_ordinary_rows_need_no_second_look(tmp_path):
    random = np.random.default_rng(1)
    matrix = random.standard_normal((3000, 32)).astype(np.float16)
    queries = random.standard_normal((20, 32)).astype(np.float32)
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    nearest, _, again = search(path, queries, "cosine", 40)
    assert again == 0
    exact = 1 - queries.astype(float) @ matrix.T.astype(float) / np.outer(
        np.linalg.norm(queries.astype(float), axis=1), np.linalg.norm(matrix.astype(float), axis=1)
    )
    assert (np.stack(nearest.rows) == np.argsort(exact, axis=1)[:, :40]).all()


def test_many_that_are_nearly_as_near_need_one(tmp_path):
    """More duplicates than places: which of them are kept is settled by their rows, not by the screen."""
    row = np.random.default_rng(1).standard_normal(16).astype(np.float16)
    matrix = np.tile(row, (500, 1))
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    nearest, _, again = search(path, row[None].astype(np.float32), "cosine", 10)
    assert again == 1
    assert nearest.rows[0].tolist() == list(range(10))


class Crooked(Screen):
    """A screen of twice the bound, which errs by nearly half of it, and as badly as it can: at random."""

    def __init__(self, queries, metric):
        super().__init__(queries, metric)
        self._relative_error *= 2

    def above(self, rows, squares, thresholds):
        random = np.random.default_rng(len(rows))
        errors = 0.49 * self.errors(squares)  # the rest is for the error that a score has by itself
        for found in super().above(rows, squares, np.full_like(thresholds, -np.inf)):
            lengths = 1 if self.metric == "cosine" else np.sqrt(squares[found.row] / squares.max(initial=1e-300))
            score = found.score + errors[found.query] * lengths * random.choice([-1, 1], len(found.score))
            kept = ~(score <= thresholds[found.query])
            yield type(found)(found.query[kept], found.row[kept], score[kept].astype(np.float32))


@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_the_result_does_not_depend_on_the_errors_of_the_screen(metric, tmp_path, monkeypatch):
    matrix = reference.nasty(3, 200, 5)
    queries = reference.nasty_queries(3, matrix, 10)
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    monkeypatch.setattr(library, "Screen", Crooked)
    check(search(path, queries, metric, 12)[0], metric, queries, matrix, 12)


@pytest.mark.parametrize("dimensions", [1, 7, 768])
def test_scores_are_within_their_bound_and_thresholds_are_safe(dimensions):
    for seed in range(4):
        matrix = reference.nasty(seed, 64, dimensions)
        matrix = matrix[np.isfinite(matrix).all(axis=1) & matrix.any(axis=1)]
        vectors = reference.nasty_queries(seed, matrix, 8)
        queries = Queries.of(vectors)
        squares = np.array([reference.dot(row, row) for row in matrix])
        for metric in ("cosine", "dot"):
            screen = Screen(queries, metric)
            distances = np.array([[reference.distance(metric, query, row) for row in matrix] for query in vectors])
            scores = np.full(distances.shape, np.nan)
            lowest = np.full(len(vectors), -np.inf, np.float32)
            for found in screen.above(matrix, squares, lowest):
                scores[found.query, found.row] = found.score
            errors = screen.errors(squares)
            for number in range(len(matrix)):
                # Rows that score no more than this are farther than row `number`, so it must itself score more.
                safe = screen.farther(single(distances[:, number]), errors)
                assert (scores[:, number] > safe).all()
                assert (single(distances)[scores <= safe[:, None]] > np.broadcast_to(
                    single(distances[:, number])[:, None], distances.shape)[scores <= safe[:, None]]).all()  # fmt: skip


def test_scores_that_are_not_finite_are_looked_at(tmp_path, monkeypatch):
    class Broken(Screen):
        def above(self, rows, squares, thresholds):
            self._matrix[:, 0] = np.nan
            yield from super().above(rows, squares, thresholds)

    matrix = reference.nasty(3, 100, 5)
    queries = reference.nasty_queries(3, matrix, 6)
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    monkeypatch.setattr(library, "Screen", Broken)
    nearest, _, again = search(path, queries, "cosine", 12)
    assert again == 6
    check(nearest, "cosine", queries, matrix, 12)


class Short(Screen):
    """A screen whose product has the bits of bfloat16."""

    def __init__(self, queries, metric):
        super().__init__(queries, metric)
        self._matrix = shortened(self._matrix)

    def above(self, rows, squares, thresholds):
        return super().above(shortened(rows.astype(np.float32)), squares, thresholds)


def shortened(numbers):
    """Round float32 numbers to bfloat16."""
    return ((numbers.view(np.uint32) + np.uint32(1 << 15)) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_a_product_of_fewer_bits_is_refused(metric, tmp_path, monkeypatch):
    random = np.random.default_rng(5)
    matrix = random.standard_normal((300, 768)).astype(np.float16)
    matrix[299] = 0
    matrix[299, 0] = 60_000  # under dot, the bound of a whole block with this row would hide all errors
    vectors = random.standard_normal((20, 768), np.float32)
    vectors[:, 0] = -1  # so that the large row is near to none
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    monkeypatch.setattr(library, "Screen", Short)
    with pytest.raises(
        EngineError, match="0001.h5: found a product of a row and a query .* with fewer bits, such as bfloat16"
    ):
        search(path, vectors, metric, 12)


@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_a_product_of_fewer_bits_is_refused_by_the_second_search_too(metric, tmp_path, monkeypatch):
    random = np.random.default_rng(6)
    path = reference.write_shard(tmp_path / "0001.h5", random.standard_normal((300, 768)).astype(np.float16))
    queries = Queries.of(random.standard_normal((5, 768), np.float32))
    with Rows.open(path, 1) as rows:
        shard = library.search(rows, queries, metric, 12)[1]
        monkeypatch.setattr(library, "Screen", Short)
        with pytest.raises(EngineError, match="with fewer bits"):
            library.within(rows, queries, metric, shard, np.full(5, 2, np.float32), np.full(5, 300))


def test_blocks_that_grow(tmp_path):
    matrix = np.arange(200, dtype=np.float16).reshape(100, 2)
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    with Rows.open(path, 1) as rows:
        blocks = [(first, block.copy()) for first, block in rows.blocks(32, 5)]
    assert [first for first, _ in blocks] == [0, 5, 15, 35, 67, 99]
    assert (np.concatenate([block for _, block in blocks]) == matrix).all()


def test_all_rows_within_a_distance(tmp_path):
    matrix = reference.nasty(8, 90, 4)
    vectors = reference.nasty_queries(8, matrix, 6)
    path = reference.write_shard(tmp_path / "0001.h5", matrix)
    _, shard, _ = search(path, vectors, "cosine", 1)
    most = np.array([-1, 0, 0.2, 0.9, 1.5, 3], np.float32)
    limits = np.array([5, 5, 20, 90, 3, 90])
    with Rows.open(path, 1) as rows:
        nearest = library.within(rows, Queries.of(vectors), "cosine", shard, most, limits)
    for number, query in enumerate(vectors):
        near = [each for each in reference.ranking("cosine", query, matrix) if each[0] <= most[number]]
        assert nearest.rows[number].tolist() == [row for _, row, _ in near][: limits[number]]


def test_a_shard_that_was_cut(tmp_path):
    path = reference.write_shard(tmp_path / "0001.h5", reference.nasty(1, 50, 4))
    with Rows.open(path, 1) as rows, path.open("r+b") as file:
        file.truncate(path.stat().st_size - 30)
        with pytest.raises(ShardError, match=r"0001\.h5: found an early end"):
            list(rows.blocks(7))
