"""Gold standards, as users make them, against the slow reference."""

import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from tests.support import neighbors, reference
from tests.support.harness import REPOSITORY, products

LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"
QUERIES = {"part": 0, "rows": 7, "seed": 2023}


def subset(mirror_folder, last):
    return reference.subset(mirror_folder, range(1, last + 1))[0]


def content(work, last):
    with h5py.File(work.folder / f"gold-{last}.h5") as file:
        return {name: file[name][:] for name in file}, dict(file.attrs)


def queries(work):
    with h5py.File(work.folder / "queries.h5") as file:
        return file["emb"][:]


def check(work, mirror_folder, last, k, metric="cosine"):
    found, attributes = content(work, last)
    rows = subset(mirror_folder, last)
    assert attributes["rows"] == len(rows)
    assert (attributes["metric"], attributes["k"], attributes["ids"]) == (metric, k, "from 1")
    for number, query in enumerate(queries(work)):
        ranked = neighbors.ranking(metric, query, rows)
        expected = ranked[:k]
        assert found["knns"][number].tolist() == [row + 1 for _, row, _ in expected]
        assert found["dists"][number].tolist() == [single for single, _, _ in expected]
        assert found["dists64"][number].tolist() == [double for _, _, double in expected]
        assert (found["tied_first"][number], found["tied_last"][number]) == neighbors.tied(ranked, k)


def states(work, pattern):
    return {path.name: path.stat().st_mtime_ns for path in work.folder.glob(pattern)}


@pytest.fixture
def made(build, mirror_folder):
    """Return a working directory with a gold standard of 10 neighbors."""
    work = build("gold-3.h5", queries=QUERIES, neighbors=10, subsets=[2])
    work.configure(mirror_folder, queries=QUERIES, neighbors=10, subsets=[2])
    assert len(states(work, "neighbors/000?.h5")) == 3
    return work


def test_nested_subsets_share_searches_and_changes_redo_what_they_concern(made, mirror_folder):
    check(made, mirror_folder, 3, 10)
    searched, shards = states(made, "neighbors/000*"), states(made, "shards/*")
    assert "Nothing to be done" in made.run("gold-3.h5")
    jobs = made.jobs(made.run("gold-2.h5", "gold-3.json"))
    assert jobs == {"describe_gold": 1, "merge": 1, "search_again": 1}
    check(made, mirror_folder, 2, 10)
    story = json.loads((made.folder / "gold-3.json").read_text())
    certificate = story["certificate"]
    assert certificate["pairs_of_a_query_and_a_shard"] == 21
    assert certificate["proven_by_the_first_search"] + certificate["searched_again_exactly"] == 21
    assert story["queries"]["definition"] == QUERIES

    made.configure(mirror_folder, queries=QUERIES, neighbors=4, subsets=[2])
    assert made.jobs(made.run("gold-3.h5", "gold-2.h5")) == {"merge": 2}
    check(made, mirror_folder, 3, 4)
    assert states(made, "neighbors/000*") == searched
    made.configure(mirror_folder, queries=QUERIES, neighbors=12, subsets=[2])
    assert made.jobs(made.run("gold-2.h5")) == {"merge": 1, "search": 2, "search_again": 1}
    check(made, mirror_folder, 2, 12)

    made.configure(mirror_folder, queries=QUERIES, neighbors=12, subsets=[2], metric="dot")
    before = states(made, "neighbors/*") | states(made, "*.h5")
    output = made.run("gold-2.h5", ok=False)
    assert "are for other queries or another metric" in output
    assert "`--forcerun search`" in output
    assert states(made, "neighbors/*") | states(made, "*.h5") == before
    jobs = made.jobs(made.run("gold-2.h5", "--forcerun", "search"))
    assert jobs == {"merge": 1, "search": 2, "search_again": 1}
    check(made, mirror_folder, 2, 12, "dot")
    assert states(made, "shards/*") == shards


def test_a_run_without_a_target_builds_none(work, mirror_folder):
    work.configure(mirror_folder, queries=QUERIES, subsets=[1])
    assert work.jobs(work.run("--dry-run")).keys() == {
        "all", "concatenate_embeddings", "concatenate_metadata", "describe", "download", "filter", "part",
    }  # fmt: skip


def test_parts_of_the_users_are_not_deleted(work, mirror_folder):
    work.configure(mirror_folder, queries=QUERIES, neighbors=3, keep_parts=False)
    folder = work.folder / "parts"
    folder.mkdir()
    for name in ("img_emb/img_emb_0000.npy", "laion2B-en-metadata/metadata_0000.parquet"):
        shutil.copy(mirror_folder / name, folder)
    before = states(work, "parts/*")
    work.run("queries.h5", "gold-1.h5")
    assert states(work, "parts/*").items() >= before.items()


@pytest.mark.slow
def test_shards_that_are_not_kept_are_read_from_a_subset(work, mirror_folder):
    work.configure(mirror_folder, queries=QUERIES, neighbors=5, subsets=[2], keep_shards=False)
    work.run(*products(2))
    assert not list(work.folder.glob("shards/*.h5"))
    assert work.jobs(work.run("gold-2.h5")) == {
        "merge": 1,
        "queries": 1,
        "search": 2,
        "search_again": 1,
        "download": 2,
        "part": 2,
    }
    check(work, mirror_folder, 2, 5)
    assert "Nothing to be done" in work.run("gold-2.h5")
    work.configure(mirror_folder, queries=QUERIES, neighbors=3, subsets=[2], keep_shards=False)
    assert work.jobs(work.run("gold-2.h5")) == {"merge": 1}
    check(work, mirror_folder, 2, 3)


def test_shards_that_are_not_kept_are_searched_before_they_go(work, mirror_folder):
    work.configure(mirror_folder, queries=QUERIES, neighbors=5, subsets=[2], keep_shards=False)
    work.run("gold-2.h5")
    check(work, mirror_folder, 2, 5)
    assert not list(work.folder.glob("shards/*.h5"))
    assert "Nothing to be done" in work.run("gold-2.h5")


def test_queries_from_a_file(work, mirror, mirror_folder, tmp_path):
    vectors = np.random.default_rng(1).standard_normal((4, 768)).astype(np.float32)
    np.save(mirror_folder / "own.npy", vectors)
    address = f"{mirror.url}/own.npy"
    work.configure(mirror_folder, queries={"file": address, "md5": "0" * 32}, neighbors=3)
    assert "found md5" in work.run("gold-1.h5", ok=False)
    before = len(mirror.fetched("own.npy"))
    work.configure(mirror_folder, queries={"file": address}, neighbors=3)
    work.run("gold-1.h5")
    assert (queries(work) == vectors).all()
    check(work, mirror_folder, 1, 3)
    assert len(mirror.fetched("own.npy")) == before + 1
    # A file of the user's own, which is not copied before it is read.
    work.configure(mirror_folder, queries={"file": str(mirror_folder / "own.npy")}, neighbors=3)
    assert "holds other queries" in work.run("queries.h5", ok=False)
    work.run("queries.h5", "--forcerun", "queries")


def test_queries_that_are_gone(work, mirror, mirror_folder):
    work.configure(mirror_folder, queries={"file": f"{mirror.url}/none.h5"}, neighbors=3)
    output = work.run("gold-1.h5", ok=False)
    assert "could not be downloaded" in output
    assert "`queries: {part: 0, rows: 10000, seed: 2023}` draws them from a part" in output


def test_damaged_results_are_refused_by_name(made, mirror_folder):
    result = made.folder / "neighbors" / "0002.h5"
    data = bytearray(result.read_bytes())
    data[-1] ^= 1
    result.write_bytes(data)
    (made.folder / "gold-3.h5").unlink()
    output = made.run("gold-3.h5", ok=False)
    assert "neighbors/0002.h5: found other contents" in output
    assert "delete neighbors/0002.h5 and run the same command again" in output
    result.unlink()
    made.run("gold-3.h5")
    check(made, mirror_folder, 3, 10)


def test_a_published_gold_is_compared_with_rows_of_ours(work, mirror_folder, tmp_path):
    work.configure(mirror_folder, queries=QUERIES, neighbors=10, subsets=[1])
    work.run(*products(1), "gold-1.h5")
    files = tmp_path / "published.h5", tmp_path / "published-queries.h5"
    for file, name in zip(files, ("gold-1.h5", "queries.h5"), strict=True):
        file.write_bytes((work.folder / name).read_bytes())
    entry = {"last": 1, "file": str(files[0]), "queries": {"file": str(files[1])}}
    work.configure(mirror_folder, queries=QUERIES, neighbors=10, subsets=[1], published_gold=[entry])
    output = work.run("verify-gold-1.json")
    assert "The published distances are those of 2023 (F64-IEEE754)" in output
    assert "compared with our gold: yes: 10 neighbors of each query" in output
    assert json.loads((work.folder / "verify-gold-1.json").read_text())["passed"]
    assert "Nothing to be done" in work.run("verify-gold-1.json")
    with h5py.File(files[0], "a") as file:
        file["dists"][3, 5] += 0.01
        file["dists"][3, 6:] += 0.02
    assert "verify_gold 1: 1 of 5 checks failed" in work.run("verify-gold-1.json", ok=False)
    assert not (work.folder / "verify-gold-1.json").exists()
    assert (work.folder / "verify-gold-1.failed.json").exists()
    assert "`published_gold` names none with `last: 2`" in work.run("verify-gold-2.json", ok=False)
    command = [sys.executable, str(LIBRARY), "recall", "published.h5", "--gold", work.folder / "gold-1.h5", "--k", "5"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.startswith("recall@5: 1.00000 by ids")
