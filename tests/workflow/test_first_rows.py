"""The first rows of a subset, as users make them."""

import re
from pathlib import Path

import h5py
import numpy as np
from faiss.contrib import vecs_io

from tests.support import neighbors, reference

QUERIES = {"part": 0, "rows": 6, "seed": 2023}


def test_first_rows_need_only_the_parts_that_can_hold_them(work, mirror, mirror_folder):
    keys = {"subsets": [3], "queries": QUERIES, "neighbors": 7}
    targets = ("laion2B-n100.h5", "metadata-n100.tsv", "gold-n100.h5", "exports/laion2B-n100.fvecs")
    work.configure(mirror.url, rows_per_part_at_least=50, **keys)
    jobs = work.jobs(work.run(*targets))
    assert (jobs["filter"], jobs["search"], jobs["search_cut"]) == (2, 1, 1)
    assert not mirror.fetched("_0003")
    matrix, text = reference.subset(mirror_folder, [1, 2])
    with h5py.File(work.folder / "laion2B-n100.h5") as file:
        rows = file["emb"][:]
        assert rows.tobytes() == matrix[:100].tobytes()
        assert file["emb"].attrs["parts"].tolist() == [1, 2]
        assert file["emb"].attrs["rows"].sum() == 100
    first = (work.folder / "metadata-n100.tsv").read_bytes()
    assert text.startswith(first)
    assert len(first) < len(text)
    check_gold(work, rows)
    kept = [row for part in (1, 2) for row in reference.kept_rows(mirror_folder, part).values()]
    captions = [row["caption"] or "" for row in kept]
    check_exports(work, rows, captions[:100])
    assert "Nothing to be done" in work.run(*targets)
    work.configure(mirror.url, rows_per_part_at_least=60, **keys)
    assert "`rows_per_part_at_least`: found" in work.run("laion2B-n120.h5", ok=False)


def check_gold(work, rows: np.ndarray) -> None:
    with h5py.File(work.folder / "queries.h5") as file:
        queries = file["emb"][:]
    with h5py.File(work.folder / "gold-n100.h5") as file:
        assert file.attrs["rows"] == len(rows)
        for number, query in enumerate(queries):
            expected = neighbors.ranking("cosine", query, rows)[:7]
            assert file["knns"][number].tolist() == [row + 1 for _, row, _ in expected]
            assert file["dists64"][number].tolist() == [double for _, _, double in expected]


def check_exports(work, rows: np.ndarray, captions: list[str]) -> None:
    stem = work.folder / "exports" / "laion2B-n100"
    assert np.array_equal(vecs_io.fvecs_read(f"{stem}.fvecs"), rows.astype(np.float32))
    with h5py.File(work.folder / "queries.h5") as queries, h5py.File(work.folder / "gold-n100.h5") as gold:
        assert np.array_equal(vecs_io.fvecs_read(f"{stem}-queries.fvecs"), queries["emb"][:])
        assert np.array_equal(vecs_io.ivecs_read(f"{stem}-neighbors.ivecs"), gold["knns"][:] - 1)
    lines = Path(f"{stem}-strings.txt").read_bytes().decode().split("\n")
    assert lines == [*(re.sub(r"[\r\n\t]", " ", caption) for caption in captions), ""]
    assert any("\n" in caption for caption in captions)


def test_first_rows_without_captions(work, mirror_folder):
    work.configure(mirror_folder, columns=["url"], subsets=[1], rows_per_part_at_least=40, queries=QUERIES, neighbors=3)
    work.run("exports/laion2B-n40.fvecs")
    assert {file.name for file in (work.folder / "exports").iterdir()} == {
        "laion2B-n40.fvecs",
        "laion2B-n40-queries.fvecs",
        "laion2B-n40-neighbors.ivecs",
    }
    assert not (work.folder / "metadata-n40.tsv").exists()
