"""Parts as users hold them, and parts that are not what they should be."""

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirror import synthetic
from tests.support.harness import products

ROWS = 40


@pytest.fixture
def holding(tmp_path):
    """Return a function that writes one part into a folder in some other form, and its embeddings."""
    folder = tmp_path / "own parts"
    folder.mkdir()

    def write(name: str, matrix: np.ndarray) -> str:
        path = folder / name
        if path.suffix == ".npy":
            np.save(path, matrix)
        elif path.suffix == ".npz":
            np.savez_compressed(path, matrix)
        else:
            with h5py.File(path, "w") as file:
                file.create_dataset("emb", data=matrix, chunks=True, compression="gzip")
        pq.write_table(synthetic.metadata(1, len(matrix)), folder / "metadata_1.parquet")
        return str(folder)

    return write


def kept(rows: int) -> list[int]:
    tags = synthetic.metadata(1, rows)["NSFW"].to_pylist()
    return [row for row, tag in enumerate(tags) if tag not in (None, "NSFW")]


def configure(work, folder: str, ending: str, **keys) -> None:
    mirror = {"embeddings": f"{folder}/img_emb_{{part}}{ending}", "metadata": f"{folder}/metadata_{{part}}.parquet"}
    work.configure(**keys)
    work.configure(**{"mirrors": [mirror], **keys})


@pytest.mark.parametrize("ending", [".npy", ".npz", ".h5"])
def test_every_form_unpadded_with_other_dimensions(work, holding, ending):
    matrix = synthetic.embeddings(1, ROWS, 512)
    configure(work, holding(f"img_emb_1{ending}", matrix), ending, dimensions=512)
    work.run(*products(1))
    assert work.embeddings(1).tobytes() == matrix[kept(ROWS)].tobytes()
    assert (work.folder / "parts" / f"img_emb_0001{ending}").exists()


@pytest.mark.parametrize("dtype", ["<f4", ">f2", ">f4"])
def test_other_numbers_are_converted_with_a_warning(work, holding, dtype):
    matrix = np.random.default_rng(1).normal(0, 1, (ROWS, 768)).astype(dtype)
    configure(work, holding("img_emb_1.npy", matrix), ".npy")
    output = work.run(*products(1))
    assert ("rounded to float16 (to nearest, ties to even)" in output) == dtype.endswith("4")
    assert ("big-endian numbers are swapped" in output) == dtype.startswith(">")
    assert work.embeddings(1).tobytes() == matrix[kept(ROWS)].astype("<f2").tobytes()


DAMAGED = {
    "0000": "found 20 embeddings and 16 rows of metadata, expected as many of one as of the other",
    "0001": "found 512 dimensions, expected 768",
    "0003": "found no column NSFW, but nsfw, expected one column named exactly NSFW",
    "0004": "found pickled objects, expected numbers",
}
"""What is wrong with parts of the next test. Part 2 is sound."""


def test_parts_that_do_not_fit_are_named_and_spoil_nothing_else(work, mirror_folder):
    work.configure(mirror_folder, first_part=0)
    parts = work.folder / "parts"
    parts.mkdir()
    table = synthetic.metadata(3, 64)
    table = table.rename_columns([name.replace("NSFW", "nsfw") for name in table.schema.names])
    pq.write_table(synthetic.metadata(0, 16), parts / "metadata_0000.parquet")
    np.save(parts / "img_emb_0001.npy", synthetic.embeddings(1, 90, 512))
    pq.write_table(table, parts / "metadata_0003.parquet")
    np.save(parts / "img_emb_0004.npy", np.array([["a", 1]], dtype=object), allow_pickle=True)
    damaged = list(parts.iterdir())
    output = work.run(*products(4), ok=False)
    summary = output.partition("What failed, and why:")[2]
    for part, sentence in DAMAGED.items():
        assert output.count(sentence) >= 2  # when it happens, and in the summary
        assert sentence in (work.folder / "logs" / "filter" / f"{part}.log").read_text()
        (line,) = [line for line in summary.splitlines() if line.startswith(f"- filter {part}: ")]
        assert sentence in line
    assert "Traceback" not in output
    assert [path.name for path in (work.folder / "shards").glob("*.h5")] == ["0002.h5"]
    for path in damaged:
        path.unlink()
    work.run(*products(4))
    work.check_products(mirror_folder, 4, first=0)


def test_numbers_in_columns_read_back_as_the_same_values(work, mirror_folder):
    pd = pytest.importorskip("pandas")
    work.configure(mirror_folder, columns=["similarity", "width", "error_message", "key"], keep=[["width", ">", 500]])
    work.run("metadata-2.tsv")
    tables = [pq.read_table(mirror_folder / synthetic.METADATA.format(part=part)) for part in (1, 2)]
    expected = pa.concat_tables(tables).to_pandas()
    expected = expected[expected["width"] > 500]
    found = pd.read_csv(work.folder / "metadata-2.tsv", sep="\t", lineterminator="\n", dtype={"key": str})
    assert found["similarity"].to_numpy().tobytes() == expected["similarity"].to_numpy().tobytes()
    assert (found["width"].to_numpy() == expected["width"].to_numpy()).all()
    assert found["error_message"].isna().all()
    assert (found["key"].to_numpy() == expected["key"].to_numpy()).all()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"colums": ["url"]}, "`colums` is not a key of the configuration; did you mean `columns`?"),
        ({"dimensions": "many"}, "`dimensions`: found 'many', expected how many numbers an embedding has."),
        ({"subsets": [0]}, "`subsets`: found [0], expected last parts from `first_part` on, which is 1."),
        ({"subsets": 11}, "--config 'subsets=[11]'"),
        ({"keep": [["NSFW", "=", "x"]]}, "`keep`: found '=' as an operator, expected one of =="),
    ],
)
def test_a_wrong_configuration_is_explained_before_anything_runs(work, keys, sentence):
    work.configure("/nowhere", **keys)
    output = work.run(ok=False)
    assert sentence in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["laion2b-33.h5"], "There is no target laion2b-33.h5. Did you mean laion2B-33.h5?"),
        (["laion2B-1000000000.h5"], "The subset 1000000000 would end after the last part, which is 2313"),
        (["metadata-1.tsv", "--resources", "downloads=0"], "set a number, as in --resources downloads=4."),
    ],
)
def test_a_wrong_command_is_explained_before_anything_runs(work, arguments, sentence):
    work.configure("/nowhere")
    assert sentence in work.run(*arguments, "--dry-run", ok=False)


def test_a_configuration_of_comments_alone_means_the_defaults(work):
    work.folder.mkdir()
    (work.folder / "config.yaml").write_text("# subsets: [2]\n")
    assert work.jobs(work.run("--dry-run", "laion2B-1.h5", "--quiet", "rules"))["filter"] == 1


@pytest.mark.parametrize(
    ("obstacle", "sentence"),
    [
        ("config.yaml", "config.yaml is a link to /not mounted, which does not exist. Is a disk not mounted?"),
        ("shards", "shards is no folder, but the workflow keeps its files in one."),
    ],
)
def test_what_snakemake_would_stumble_over_is_named(work, obstacle, sentence):
    work.folder.mkdir(parents=True)
    if obstacle == "shards":
        (work.folder / obstacle).touch()
    else:
        (work.folder / obstacle).symlink_to("/not mounted")
    output = work.run("--dry-run", "metadata-1.tsv", ok=False)
    assert sentence in output
    assert "Traceback" not in output


def test_the_metadata_of_another_part_with_as_many_rows_are_noticed(work, mirror_folder):
    work.configure(mirror_folder)
    parts = work.folder / "parts"
    parts.mkdir()
    pq.write_table(synthetic.metadata(3, ROWS), parts / "metadata_0002.parquet")
    np.save(parts / "img_emb_0002.npy", synthetic.embeddings(2, ROWS))
    output = work.run(*products(2))
    assert output.count(f"part 0002: {ROWS} of {ROWS} rows belong to part 0003, as the column key says.") == 1
    assert "rows belong to part 0003" in (work.folder / "logs" / "filter" / "0002.log").read_text()
    assert "part 0001:" not in output
    work.configure(mirror_folder, modulus=None)
    assert "Nothing to be done" in work.run(*products(2))
