"""Results of shards, merged: against the slow reference, with shards that keep too little, and damaged files."""

import json
from dataclasses import asdict

import h5py
import numpy as np
import pytest

from laion2b.errors import ConfigError, ShardError
from laion2b.neighbors import again as again_files
from laion2b.neighbors import merge as library
from laion2b.neighbors import results
from laion2b.neighbors.definition import Definition
from laion2b.neighbors.merge import Again, merge, open_pairs
from laion2b.neighbors.rows import Rows
from laion2b.neighbors.screen import Queries
from laion2b.neighbors.search import search
from tests.support import neighbors as reference


class Subset:
    """Shards of nasty rows with equal ones across shards, their results, and what a gold standard of them must hold."""

    def __init__(self, folder, metric, kept, sizes=(40, 1, 0, 75, 60), seed=1, matrix=None, vectors=None):
        matrix = reference.nasty(seed, sum(sizes), 5) if matrix is None else matrix
        self.shards = np.split(matrix, np.cumsum(sizes)[:-1])
        self.vectors = reference.nasty_queries(seed, matrix, 9) if vectors is None else vectors
        self.matrix, self.metric, self.folder = matrix, metric, folder
        self.sources, self.results = [], []
        for part, rows in enumerate(self.shards, 1):
            path = reference.write_shard(folder / f"{part:04d}.h5", rows)
            with Rows.open(path, part) as opened:
                nearest, shard, searched = search(opened, Queries.of(self.vectors), metric, kept)
            about = {
                "part": f"{part:04d}", "definition": {}, "queries_xxh3": "", "kept": kept, "rows": len(rows),
                "candidates": shard.candidates, "not_finite_rows": shard.not_finite, "zero_rows": shard.zero,
                "searched_again": searched, "embeddings_xxh3": shard.hasher.hexdigest(), "source": str(path),
            }  # fmt: skip
            file = folder / "neighbors" / f"{part:04d}.h5"
            results.write(file, file.with_suffix(".json"), nearest, about)
            self.sources.append(path)

    def open(self):
        files = sorted((self.folder / "neighbors").glob("*.h5"))
        return [
            results.Result(file, results.Record.read(file.with_suffix(".json")), len(self.vectors)) for file in files
        ]

    def again(self, k):
        pairs = open_pairs(self.open(), len(self.vectors), k)
        parts, queries = range(1, len(self.shards) + 1), Queries.of(self.vectors)
        return again_files.search_again(pairs, self.sources, parts, self.open(), queries, self.metric, k)

    def merge(self, k, again):
        target = self.folder / f"gold-{k}.h5"
        merge(self.open(), len(self.vectors), "hash", Definition({}, self.metric, k), again, target)
        return target

    def check(self, path, k):
        with h5py.File(path) as file:
            for number, query in enumerate(self.vectors):
                ranked = reference.ranking(self.metric, query, self.matrix)
                assert file["knns"][number].tolist() == [row + 1 for _, row, _ in ranked[:k]]
                assert file["dists"][number].tolist() == [single for single, _, _ in ranked[:k]]
                assert file["dists64"][number].tolist() == [double for _, _, double in ranked[:k]]
                assert (file["tied_first"][number], file["tied_last"][number]) == reference.tied(ranked, k)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    monkeypatch.setattr(library, "AT_ONCE", 4)


@pytest.mark.parametrize("metric", ["cosine", "dot"])
@pytest.mark.parametrize("kept", [1, 3, 12, 100])
def test_whatever_the_shards_keep_the_gold_is_the_same(tmp_path, metric, kept):
    subset = Subset(tmp_path, metric, kept)
    for k in (1, 2, 11, 60):
        subset.check(subset.merge(k, subset.again(k)), k)
    assert len(subset.again(60).lines) == 0 or kept < 76


def test_ties_are_counted_up_to_a_rank(tmp_path, monkeypatch):
    monkeypatch.setattr(library.gold, "TIED_BEYOND", 7)
    monkeypatch.setattr(again_files, "TIED_BEYOND", 7)
    subset = Subset(tmp_path, "cosine", 4)
    row = subset.matrix[0].copy()
    assert np.isfinite(row).all()
    for path, rows in zip(subset.sources, subset.shards, strict=True):
        rows[:] = row
        reference.write_shard(path, rows)
    subset.matrix[:] = row
    # The results are those of the rows before, so they are made again.
    fresh = Subset.__new__(Subset)
    fresh.__dict__.update(subset.__dict__)
    for part, path in enumerate(subset.sources, 1):
        with Rows.open(path, part) as opened:
            nearest, shard, _ = search(opened, Queries.of(subset.vectors), "cosine", 4)
        record = asdict(results.Record.read(tmp_path / "neighbors" / f"{part:04d}.json"))
        about = {key: value for key, value in record.items() if not key.endswith("s_xxh3") or key == "queries_xxh3"}
        about |= {"candidates": shard.candidates, "embeddings_xxh3": shard.hasher.hexdigest()}
        file = tmp_path / "neighbors" / f"{part:04d}.h5"
        results.write(file, file.with_suffix(".json"), nearest, about)
    with h5py.File(fresh.merge(5, fresh.again(5))) as file:
        assert set(file["tied_first"][:]) == {1}
        assert set(file["tied_last"][:]) == {12}
        assert file.attrs["tied_up_to_rank"] == 12
        assert (file["knns"][:] == [1, 2, 3, 4, 5]).all()


def test_distances_that_float32_does_not_hold(tmp_path):
    matrix, vectors = np.full((200, 5), -65504, np.float16), np.full((2, 5), 3e38, np.float32)
    vectors[1] *= -1
    subset = Subset(tmp_path, "dot", 39, (100, 100), matrix=matrix, vectors=vectors)
    with h5py.File(subset.merge(60, subset.again(60))) as file:
        assert np.isinf(file["dists"][:]).all()
        assert (file["knns"][:] == np.arange(1, 61)).all()


def test_shards_that_changed_are_not_searched_again(tmp_path):
    subset = Subset(tmp_path, "cosine", 3)
    for path, rows in zip(subset.sources, subset.shards, strict=True):
        reference.write_shard(path, rows + np.float16(1))
    with pytest.raises(ShardError, match=r"\.h5: found rows with XXH3 .*, as were searched"):
        subset.again(10)


def test_what_was_searched_again_for_something_else(tmp_path):
    subset, asked = Subset(tmp_path, "cosine", 3), Definition({}, "cosine", 10)
    record = {"definition": asdict(asked), "queries_xxh3": "q"}
    record["results"] = [result.record.rows_xxh3 for result in subset.open()]
    again_files.compare(tmp_path / "again.h5", record, subset.open(), asked, "q")
    for definition, queries in ((Definition({}, "cosine", 11), "q"), (Definition({}, "dot", 10), "q"), (asked, "r")):
        with pytest.raises(ShardError, match="again.h5: found what other results lacked"):
            again_files.compare(tmp_path / "again.h5", record, subset.open(), definition, queries)


def test_what_is_not_complete_is_not_written(tmp_path):
    subset = Subset(tmp_path, "cosine", 2)
    with pytest.raises(ShardError, match=r"neighbors/000\d\.h5 does not prove that it holds all neighbors of query"):
        subset.merge(10, Again({}))
    assert not list(tmp_path.glob("gold*"))


def test_the_same_input_gives_the_same_bytes(tmp_path):
    files = []
    for name in ("one", "other"):
        subset = Subset(tmp_path / name, "cosine", 5)
        path, record = tmp_path / name / "again.h5", tmp_path / name / "again.json"
        again_files.write(path, record, subset.again(10), {})
        again, _ = again_files.read(path, record)
        gold = subset.merge(10, again)
        subset.check(gold, 10)
        files.append(
            [file.read_bytes() for file in [gold, path, *sorted((tmp_path / name / "neighbors").glob("*.h5"))]]
        )
    assert files[0] == files[1]


def test_more_neighbors_than_rows(tmp_path):
    subset = Subset(tmp_path, "cosine", 3)
    candidates = sum(result.record.candidates for result in subset.open())
    with pytest.raises(
        ConfigError, match=f"{candidates} rows that can be neighbors, but `neighbors: 500` asks for 500"
    ):
        library.neighbors_in(subset.open(), 500)


def test_more_rows_than_ids(tmp_path, monkeypatch):
    monkeypatch.setattr(library.gold, "MOST_ROWS", 100)
    with pytest.raises(ConfigError, match="int32, which count up to 100"):
        library.neighbors_in(Subset(tmp_path, "cosine", 3).open(), 5)


def damaged(change):
    def spoil(file):
        content = bytearray(file.read_bytes())
        file.write_bytes(change(content) or content)

    return spoil


def flip(content):
    content[-1] ^= 1


def edit_record(**values):
    def spoil(file):
        record = file.with_suffix(".json")
        record.write_text(json.dumps(json.loads(record.read_text()) | values))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (damaged(lambda content: content[:-50]), "found a file that can't be read"),
        (damaged(flip), "found other contents than its record says"),
        (damaged(lambda _: b"HDF5"), "found a file that can't be read"),
        (lambda file: file.write_bytes(file.with_name("0001.h5").read_bytes()), "0004.h5: found "),
        (edit_record(part="0001"), "found a result of part 0001"),
        (edit_record(kept=2), "found rows of shape"),
        (edit_record(odd=1), "which is not the record of a search"),
        (lambda file: file.with_suffix(".json").unlink(), "which is not the record of a search"),
    ],
)
def test_damaged_results_are_refused_by_name(tmp_path, spoil, sentence):
    subset = Subset(tmp_path, "cosine", 80)
    spoil(tmp_path / "neighbors" / "0004.h5")
    with pytest.raises(ShardError) as caught:
        subset.merge(10, Again({}))
    assert sentence in str(caught.value)
    assert "0004.h5 and run the same command again, which rebuilds it" in str(caught.value)
    assert not list(tmp_path.glob("gold*"))


def test_damaged_pairs_are_refused_by_name(tmp_path):
    subset = Subset(tmp_path, "cosine", 3)
    path, record = tmp_path / "again-5.h5", tmp_path / "again-5.json"
    again_files.write(path, record, subset.again(10), {})
    damaged(flip)(path)
    with pytest.raises(ShardError, match=r"again-5\.h5: found other contents"):
        again_files.read(path, record)


def test_results_of_something_else():
    record = results.Record(
        "0001",
        {"queries": {"md5": "a"}, "metric": "dot", "neighbors": 5, "version": 1},
        "q",
        3,
        4,
        4,
        0,
        0,
        0,
        "e",
        "",
        "",
        "",
    )
    asked = Definition({"md5": "a"}, "dot", 5)
    record.check("x.h5", asked, "q", "e")
    for other in (
        Definition({"md5": "b"}, "dot", 5),
        Definition({"md5": "a"}, "cosine", 5),
        Definition({"md5": "a"}, "dot", 6),
    ):
        with pytest.raises(ShardError, match="x.h5 is a result for other queries, .*`--forcerun search`"):
            record.check("x.h5", other, "q", "e")
    with pytest.raises(ShardError, match="is a result for other queries"):
        record.check("x.h5", asked, "other", "e")
    with pytest.raises(ShardError, match="found the result for embeddings e, expected other"):
        record.check("x.h5", asked, "q", "other")
