"""Exports as users make them, read by those that they are made for."""

import hashlib
import json
import re
import subprocess
import sys

import datasets
import duckdb
import faiss
import h5py
import hnswlib
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from faiss.contrib import vecs_io
from usearch import index as usearch
from usearch.io import load_matrix

from laion2b.neighbors import recall
from mirror import synthetic
from tests.support.harness import REPOSITORY, Work

QUERIES = {"part": 0, "rows": 7, "seed": 2023}
FILES = (
    "laion2B-2-angular.hdf5",
    "laion2B-2-cosine-float32.hdf5",
    "laion2B-2.fbin",
    "laion2B-2.fvecs",
    "metadata-2.parquet",
)
FOLDERS = ("sisap-2", "bigann-2", "parquet-1", "parquet-2")
DESCRIBED = ("sisap-2", "laion2B-2.f16bin", "metadata-2.parquet")
TARGETS = [*(f"exports/{name}" for name in (*FILES, *FOLDERS)), *(f"exports/{name}.json" for name in DESCRIBED)]


@pytest.fixture(scope="module")
def made(mirror_folder, tmp_path_factory) -> Work:
    """Return a working directory with all exports of two parts, made in one run from nothing."""
    work = Work(tmp_path_factory.mktemp("exports"))
    work.configure(mirror_folder, queries=QUERIES, neighbors=20, subsets=[2])
    work.run(*TARGETS, "metadata-2.tsv", "duplicates-2.parquet")
    return work


@pytest.fixture(scope="module")
def emb(made) -> np.ndarray:
    """Return the rows of the subset."""
    return made.embeddings(2)


@pytest.fixture(scope="module")
def queries(made) -> np.ndarray:
    """Return the queries."""
    with h5py.File(made.folder / "queries.h5") as file:
        return file["emb"][:]


def check_recall(made, ids: np.ndarray) -> None:
    """Fail unless all first ten ids of each query, from 0, are as near as the ten true neighbors."""
    np.save(made.folder / "found.npy", ids)
    found = recall.recall(made.folder / "found.npy", made.folder / "gold-2.h5", 10, ids_from=0)
    assert found.with_ties.tolist() == [1] * 7


def with_faiss(rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the ids of the ten nearest rows by cosine, by faiss; rows that are zero have the inner product 0."""
    rows, queries = rows.astype(np.float32), queries.astype(np.float32)
    faiss.normalize_L2(rows)
    faiss.normalize_L2(queries)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return index.search(queries, 10)[1]


def code(page: str) -> list[str]:
    """Return the blocks of Python of a page."""
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def run_python(lines: str, folder) -> str:
    """Run lines of Python in a folder, as a reader would, and return what they print."""
    done = subprocess.run([sys.executable, "-c", lines], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "distance"), [(FILES[0], "angular"), (FILES[1], "cosine")])
def test_ann_benchmarks(made, emb, queries, name, distance):
    with h5py.File(made.folder / "exports" / name) as file:
        assert dict(file.attrs) == {
            "type": "dense", "distance": distance, "dimension": 768, "point_type": "float", "ids": "from 0", "k": 20,
        }  # fmt: skip
        kinds = {each: str(file[each].dtype) for each in file}
        assert kinds == {"train": "float32", "test": "float32", "neighbors": "int32", "distances": "float32"}
        train, test, ids, distances = (file[each][:] for each in ("train", "test", "neighbors", "distances"))
        assert file["train"].is_virtual == ("float32" not in name)
    assert (train == emb.astype(np.float32)).all()
    assert (test == queries).all()
    with h5py.File(made.folder / "gold-2.h5") as gold:
        assert (ids == gold["knns"][:] - 1).all()
        assert (distances == gold["dists"][:]).all()
    check_recall(made, with_faiss(train, test))


def test_binary_matrices(made, emb, queries):
    folder = made.folder / "exports"
    halves = load_matrix(str(folder / "laion2B-2.f16bin"), dtype=np.float16)
    singles = load_matrix(str(folder / "laion2B-2.fbin"))
    assert halves.tobytes() == emb.tobytes()
    assert (singles == emb.astype(np.float32)).all()
    assert (vecs_io.fvecs_read(folder / "laion2B-2.fvecs") == singles).all()
    inside = folder / "bigann-2"
    assert (load_matrix(str(inside / "queries.fbin")) == queries).all()
    assert (load_matrix(str(inside / "queries.f16bin"), dtype=np.float16) == queries.astype(np.float16)).all()
    assert (vecs_io.fvecs_read(inside / "queries.fvecs") == queries).all()
    check_recall(made, usearch.search(singles, queries, 10, "cos", exact=True).keys)
    graph = hnswlib.Index("cosine", 768)
    graph.init_index(len(singles), M=64, ef_construction=400, random_seed=1)
    usable = np.flatnonzero(singles.any(axis=1))
    graph.add_items(singles[usable], usable, num_threads=1)
    graph.set_ef(len(singles))
    check_recall(made, graph.knn_query(queries, 10, num_threads=1)[0].astype(np.int64))


def test_gold_in_all_forms(made):
    inside = made.folder / "exports" / "bigann-2"
    ids, distances = (
        load_matrix(str(inside / "groundtruth.neighbors.ibin")),
        load_matrix(str(inside / "groundtruth.distances.fbin")),
    )
    with h5py.File(made.folder / "gold-2.h5") as gold:
        assert (ids == gold["knns"][:] - 1).all()
        assert (distances == gold["dists"][:]).all()
    both = (inside / "groundtruth.bin").read_bytes()
    assert both == np.array([7, 20], "<u4").tobytes() + ids.astype("<u4").tobytes() + distances.tobytes()
    assert (vecs_io.ivecs_read(inside / "groundtruth.ivecs") == ids).all()
    check_recall(made, ids)


def test_what_cuvs_and_big_ann_are_told(made, tmp_path):
    """Neither can be installed here; the keys and the fields are those of their sources."""
    folder = made.folder / "exports"
    (told,) = yaml.safe_load((folder / "bigann-2" / "cuvs.yaml").read_text())
    assert all((folder / told[key]).exists() for key in told if key.endswith("_file"))
    assert (told["name"], told["dims"], told["distance"]) == ("laion2B-2", 768, "cosine")
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark" / "datasets.py").write_text(
        f"BASEDIR = {str(folder)!r}\nclass DatasetCompetitionFormat: pass\n"
    )
    module = (folder / "bigann-2" / "laion_dataset.py").read_text()
    told = run_python(
        f"{module}\nd = LaionDataset()\nd.prepare()\nprint(d.nb, d.d, d.nq, d.dtype, d.distance(), d.private_qs_url)\n"
        "print(os.path.getsize(os.path.join(d.basedir, d.ds_fn)), LaionDataset(5).gt_fn)",
        tmp_path,
    )
    rows = len(made.embeddings(2))
    assert told == f"{rows} 768 7 float16 angular None\n{8 + rows * 768 * 2} None\n"


def test_parquet_for_databases(made, emb, queries):
    inside = made.folder / "exports" / "parquet-2"
    wanted = emb.astype(np.float32)
    with duckdb.connect() as connection:
        types = connection.sql(f"DESCRIBE SELECT * FROM '{inside}/train-*.parquet'").fetchall()
        assert [each[:2] for each in types] == [("id", "BIGINT"), ("emb", "FLOAT[]")]
        rows = connection.sql(f"SELECT id, emb FROM '{inside}/train-*.parquet' ORDER BY id").fetchall()
    assert [row[0] for row in rows] == list(range(len(emb)))
    assert (np.array([row[1] for row in rows], np.float32) == wanted).all()
    frame = pl.read_parquet(inside / "train-*.parquet")
    assert frame.schema == {"id": pl.Int64, "emb": pl.List(pl.Float32)}
    assert (frame["emb"].list.to_array(768).to_numpy() == wanted).all()
    test, neighbors = (pl.read_parquet(inside / f"{name}.parquet") for name in ("test", "neighbors"))
    assert (test["emb"].list.to_array(768).to_numpy() == queries).all()
    assert neighbors.schema == {"id": pl.Int64, "neighbors_id": pl.List(pl.Int64)}
    check_recall(made, neighbors["neighbors_id"].list.to_array(20).to_numpy())


def test_hugging_face_reads_the_parquet(made, emb):
    inside = made.folder / "exports" / "parquet-2"
    files = {"train": str(inside / "train-*.parquet"), "test": str(inside / "test.parquet")}
    rows = datasets.load_dataset("parquet", data_files=files, streaming=True)["train"]
    assert rows.features["id"].dtype == "int64"
    assert rows.features["emb"].feature.dtype == "float32"
    found = list(rows)
    assert [row["id"] for row in found] == list(range(len(emb)))
    assert (np.array([row["emb"] for row in found], np.float32) == emb.astype(np.float32)).all()


def test_nested_subsets_share_the_parquet_of_a_part(made):
    folder = made.folder / "exports"
    part = folder / "parquet" / "0001.parquet"
    assert all(part.samefile(folder / f"parquet-{last}" / "train-0001.parquet") for last in (1, 2))


def test_metadata_are_those_of_the_rows(made, mirror_folder):
    table = pq.read_table(made.folder / "exports" / "metadata-2.parquet")
    expected = []
    for part in (1, 2):
        rows = pq.read_table(mirror_folder / synthetic.METADATA.format(part=part)).to_pylist()
        expected += [{"part": part, "row": n} | row for n, row in enumerate(rows) if row["NSFW"] not in (None, "NSFW")]
    columns = ("part", "row", "caption", "NSFW", "LICENSE", "url", "similarity", "width", "height", "original_width",
               "original_height", "key", "md5")  # fmt: skip
    assert table.schema.names == ["id", *columns]
    assert table.to_pylist() == [{"id": n} | {name: row[name] for name in columns} for n, row in enumerate(expected)]
    assert {"", None} <= set(table["caption"].to_pylist())


def test_databases_read_the_metadata(made, emb):
    path = made.folder / "exports" / "metadata-2.parquet"
    with duckdb.connect() as connection:
        ((count, ids),) = connection.sql(f"SELECT count(*), sum(id) FROM '{path}' WHERE width IS NOT NULL").fetchall()
    assert (count, ids) == (len(emb), sum(range(len(emb))))
    frame = pl.read_parquet(path)
    assert (frame.schema["caption"], frame.schema["similarity"], frame.schema["width"]) == (
        pl.String,
        pl.Float64,
        pl.Int32,
    )
    assert frame["caption"].to_list() == pq.read_table(path)["caption"].to_pylist()


def test_the_layout_of_the_challenge(made, emb, queries):
    inside = made.folder / "exports" / "sisap-2"
    links = {
        "laion2B-en-clip768v2-n=2.h5": "laion2B-2.h5",
        "queries.h5": "queries.h5",
        "data/groundtruth-2.h5": "gold-2.h5",
    }
    for name, source in links.items():
        assert (inside / name).samefile(made.folder / source)
    (lines,) = code((inside / "README.md").read_text())
    printed = run_python(lines + "print(rows.shape, vectors.shape, nearest.shape, nearest.min())", inside)
    assert printed.startswith(f"{emb.shape} {queries.shape} (7, 20) ")


@pytest.mark.parametrize("folder", ["bigann-2", "parquet-2"])
def test_the_lines_in_a_readme_run(made, folder):
    page = (made.folder / "exports" / folder / "README.md").read_text()
    printed = "".join(run_python(lines, made.folder / "exports" / folder) for lines in code(page))
    assert printed.startswith({"bigann-2": "recall ", "parquet-2": f"[({len(made.embeddings(2))},)]"}[folder])
    assert "$" not in page


def test_odd_rows(made, emb):
    zero = np.loadtxt(made.folder / "zero-rows-2.txt", dtype=int, usecols=0, ndmin=1)
    assert zero.tolist() == np.flatnonzero(~emb.any(axis=1)).tolist() != []
    same = pq.read_table(made.folder / "duplicates-2.parquet").to_pylist()
    assert same
    for pair in same:
        assert (emb[pair["id"]] == emb[pair["first_id"]]).all()
    assert len(np.unique(emb, axis=0)) == len(emb) - len(same)


@pytest.mark.parametrize("name", DESCRIBED)
def test_descriptions(made, emb, name):
    told = json.loads((made.folder / "exports" / f"{name}.json").read_text())
    assert (told["export"], told["rows"], told["first_part"], told["last_part"]) == (name, len(emb), 1, 2)
    assert told["definition"]["keep"] == [["NSFW", "!=", "NSFW"]]
    assert ("gold" in told["sources"]) == (name == "sisap-2")
    for file in told["files"]:
        data = (made.folder / "exports" / file["file"]).read_bytes()
        assert (file["size"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_all_is_made_once_and_a_missing_link_again(made):
    inside = made.folder / "exports" / "sisap-2"
    (inside / "result.txt").write_text("mine")
    assert "Nothing to be done" in made.run(*TARGETS, "duplicates-2.parquet")
    before = (made.folder / "laion2B-2.h5").stat()
    (inside / "queries.h5").unlink()
    output = made.run("exports/sisap-2/", ok=False)
    assert "exports/sisap-2: found no queries.h5, expected all files of the export" in output
    again = ("exports/sisap-2/", "--forcerun", "export_sisap")
    assert made.jobs(made.run(*again)).keys() == {"export_sisap", "export_folder"}
    assert (inside / "queries.h5").samefile(made.folder / "queries.h5")
    assert (inside / "result.txt").read_text() == "mine"
    assert (made.folder / "laion2B-2.h5").stat().st_mtime_ns == before.st_mtime_ns
    # A file of the user's in place of a link stays, and the run says so.
    (inside / "queries.h5").unlink()
    (inside / "queries.h5").write_text("mine")
    assert "a file that this workflow did not write" in made.run(*again, ok=False)
    assert (inside / "queries.h5").read_text() == "mine"
    (inside / "queries.h5").unlink()
    made.run(*again)


def test_from_subset_to_recall(made):
    page = (REPOSITORY / "docs" / "recall.md").read_text().replace("-11.h5", "-2.h5")
    for lines in code(page):
        run_python(lines, made.folder)
        command = [
            sys.executable,
            str(REPOSITORY / "workflow/scripts/laion2b"),
            "recall",
            "result.h5",
            "--gold",
            "gold-2.h5",
        ]
        printed = subprocess.run(command, cwd=made.folder, capture_output=True, text=True, check=True).stdout
        assert "1.00000 with ties credited" in printed


def test_metadata_of_deleted_parts_are_fetched_again(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False, subsets=[2])
    work.run("laion2B-2.h5", "metadata-2.tsv")
    assert not list(work.folder.glob("parts/*.parquet"))
    before = {name: len(mirror.fetched(name)) for name in ("img_emb_0001.npy", "metadata_0001.parquet")}
    output = work.run("exports/metadata-2.parquet", "laion2B-2.h5")
    assert "The metadata of 2 parts will be downloaded again" in output
    assert work.jobs(output) == {"download_metadata_again": 2, "export_metadata_of_part": 2, "export_metadata": 1}
    assert len(mirror.fetched("img_emb_0001.npy")) == before["img_emb_0001.npy"]
    assert len(mirror.fetched("metadata_0001.parquet")) == before["metadata_0001.parquet"] + 1
    assert not list(work.folder.glob("exports/parts/*.parquet"))
    assert "Nothing to be done" in work.run("exports/metadata-2.parquet", "laion2B-2.h5", "metadata-2.tsv")
    assert pq.read_table(work.folder / "exports/metadata-2.parquet").num_rows == len(work.embeddings(2))


@pytest.mark.slow
def test_a_virtual_product_is_written_out(work, mirror_folder):
    work.configure(mirror_folder, queries=QUERIES, neighbors=5, subsets=[2], layout="virtual")
    work.run("exports/sisap-2", "exports/laion2B-2-angular.hdf5")
    inside = work.folder / "exports" / "sisap-2"
    with h5py.File(inside / "laion2B-en-clip768v2-n=2.h5") as copy, h5py.File(work.folder / "laion2B-2.h5") as product:
        assert product["emb"].is_virtual
        assert not copy["emb"].is_virtual
        assert copy["emb"][:].tobytes() == product["emb"][:].tobytes()
        with h5py.File(work.folder / "exports" / "laion2B-2-angular.hdf5") as pointing:
            assert (pointing["train"][:] == copy["emb"][:].astype(np.float32)).all()


@pytest.mark.slow
def test_rows_of_a_product_where_shards_are_not_kept(work, mirror_folder):
    work.configure(mirror_folder, subsets=[2], keep_shards=False)
    work.run("laion2B-2.h5", "metadata-2.tsv")
    output = work.run("exports/laion2B-1.f16bin", "zero-rows-2.txt")
    assert work.jobs(output) == {"export_binary": 1, "odd_rows": 1}
    matrix = load_matrix(str(work.folder / "exports" / "laion2B-1.f16bin"), dtype=np.float16)
    assert matrix.tobytes() == work.embeddings(2)[: len(matrix)].tobytes()
    assert "Nothing to be done" in work.run("exports/laion2B-1.f16bin", "zero-rows-2.txt")
