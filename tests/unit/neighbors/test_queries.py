"""Queries read from files, and drawn from parts by a rule that is stable for ever."""

import hashlib

import h5py
import numpy as np
import pytest

from laion2b.errors import ConfigError, PartError
from laion2b.neighbors import draw, queries
from laion2b.shards.definition import Definition
from mirror import synthetic

VECTORS = np.random.default_rng(1).standard_normal((5, 8)).astype(np.float32)
SHARD = Definition([["NSFW", "!=", "NSFW"]], ["url"], 768, 2)


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f2"])
@pytest.mark.parametrize("ending", [".npy", ".h5"])
def test_files(tmp_path, kind, ending):
    path = tmp_path / f"queries{ending}"
    vectors = VECTORS.astype(kind)
    if ending == ".npy":
        np.save(path, vectors)
    else:
        with h5py.File(path, "w") as file:
            file["emb"] = vectors
    md5 = hashlib.md5(path.read_bytes()).hexdigest().upper()
    found = queries.read_given(path, md5, 8, "cosine")
    assert found.dtype == np.float32
    assert (found == vectors).all()
    with pytest.raises(PartError, match="found md5 .*, expected 0000"):
        queries.read_given(path, "0" * 32, 8, "cosine")
    written = tmp_path / "queries-written.h5"
    queries.write(written, found)
    assert (queries.load(written) == vectors).all()
    assert queries.xxh3(queries.load(written)) == queries.xxh3(found)


def with_value(value, rows=slice(2, 3)):
    vectors = VECTORS.copy()
    vectors[rows] = value
    return vectors


@pytest.mark.parametrize(
    ("vectors", "metric", "sentence"),
    [
        (VECTORS[:0], "dot", "holds no query"),
        (VECTORS[:, :7], "dot", "found queries of 7 dimensions, expected 8"),
        (with_value(np.nan), "dot", "query 2 (from 0) holds NaN or infinity, and no other is"),
        (with_value(-np.inf, slice(2, 5)), "dot", "query 2 (from 0) holds NaN or infinity, as are 2 others"),
        (with_value(0), "cosine", "query 2 (from 0) is all zero"),
        (with_value(0), "dot", None),
    ],
)
def test_rows_that_cannot_be_queries(tmp_path, vectors, metric, sentence):
    path = tmp_path / "queries.npy"
    np.save(path, vectors)
    if sentence is None:
        assert len(queries.read_given(path, None, 8, metric)) == 5
        return
    with pytest.raises(ConfigError) as caught:
        queries.read_given(path, None, 8, metric)
    assert sentence in str(caught.value)
    with pytest.raises(ConfigError, match="exact for up to 4,096 dimensions, but the embeddings have 5,000"):
        queries.check(path, VECTORS, 5000, metric)
    with pytest.raises(ConfigError, match="a file that ends in .h5, .npy, .npz"):
        queries.read_given(tmp_path / "queries.txt", None, 8, metric)


def expected(matrix, kept, seed, part):
    """Return the rows that the rule names, slowly."""
    order = sorted(kept, key=lambda row: hashlib.sha256(f"{seed} {part} {row}".encode()).hexdigest())
    chosen = []
    for row in order:
        if np.isfinite(matrix[row]).all() and matrix[row].any():
            others = matrix[chosen].astype(float)
            cosines = others @ matrix[row].astype(float)
            cosines /= np.linalg.norm(others, axis=1) * np.linalg.norm(matrix[row].astype(float))
            if (1 - cosines > 0.01).all():
                chosen.append(row)
    return chosen


def test_drawn_queries_follow_the_rule(tmp_path):
    embeddings, metadata = synthetic.write_part(tmp_path, 0, 150)
    matrix = np.load(embeddings)
    for row in range(20, 150, 7):  # near duplicates, on both sides of the limit
        noise = np.random.default_rng(row).standard_normal(768) / 27.7
        matrix[row] = matrix[row - 5].astype(float) + noise * (0.08 + row / 1500)
    matrix[30, 4] = np.nan
    np.save(embeddings, matrix)
    tags = synthetic.metadata(0, 150)["NSFW"].to_pylist()
    kept = [row for row, tag in enumerate(tags) if tag is not None and tag != "NSFW"]
    rows = expected(matrix, kept, 2023, 0)
    assert len(rows) < len(kept) - 5
    vectors, found = draw.draw(embeddings, metadata, SHARD, 0, 40, 2023)
    assert found.tolist() == rows[:40]
    assert (vectors == matrix[found].astype(np.float32)).all()
    assert draw.draw(embeddings, metadata, SHARD, 0, len(rows), 2023)[1].tolist() == rows
    assert draw.draw(embeddings, metadata, SHARD, 0, 1, 2024)[1].tolist() == expected(matrix, kept, 2024, 0)[:1]
    with pytest.raises(ConfigError, match=f"Only {len(rows)} queries can be drawn from part 0, .* asks for 149"):
        draw.draw(embeddings, metadata, SHARD, 0, 149, 2023)


def test_the_rule_does_not_change(tmp_path):
    """Whoever drew queries before has to get the same again."""
    embeddings, metadata = synthetic.write_part(tmp_path, 0, 20)
    definition = Definition([], ["url"], 768, 2)
    assert draw.draw(embeddings, metadata, definition, 0, 5, 2023)[1].tolist() == [13, 4, 18, 16, 12]


@pytest.mark.parametrize("entry", [{}, {"last": 11}])
def test_downloaded_files_are_looked_at(tmp_path, entry):
    """A gold standard has other datasets than queries, so of it only the HDF5 is opened."""
    good, bad = tmp_path / "good.part", tmp_path / "bad.part"
    with h5py.File(good, "w") as file:
        file["knns" if entry else "emb"] = VECTORS
    bad.write_bytes(b"<html>")
    queries.check_downloaded(good, entry, ".H5")
    with pytest.raises(PartError, match="found a file that HDF5 can't open"):
        queries.check_downloaded(bad, entry, ".h5")
    with pytest.raises(PartError, match="found md5"):
        queries.check_downloaded(good, entry | {"md5": "0" * 32}, ".h5")
