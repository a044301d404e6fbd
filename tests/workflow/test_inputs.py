"""Parts as users hold them, and parts that are not what they should be."""

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demo import synthetic
from tests.harness import products

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


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("rows", "found 64 embeddings and 60 rows of metadata, expected as many of one as of the other"),
        ("dimensions", "found 512 dimensions, expected 768"),
        ("column", "found no column NSFW; did you mean nsfw?, expected one column named exactly NSFW"),
        ("objects", "found pickled objects, expected numbers"),
    ],
)
def test_a_part_that_does_not_fit_is_named_and_spoils_nothing_else(work, mirror_folder, tmp_path, damage, sentence):
    work.configure(mirror_folder)
    parts = work.folder / "parts"
    parts.mkdir()
    embeddings, metadata = parts / "img_emb_0003.npy", parts / "metadata_0003.parquet"
    match damage:
        case "rows":
            pq.write_table(synthetic.metadata(3, 60), metadata)
        case "dimensions":
            np.save(embeddings, synthetic.embeddings(3, 64, 512))
        case "column":
            table = synthetic.metadata(3, 64)
            pq.write_table(
                table.rename_columns([name.replace("NSFW", "nsfw") for name in table.schema.names]), metadata
            )
        case "objects":
            np.save(embeddings, np.array([["a", 1]], dtype=object), allow_pickle=True)
    output = work.run(*products(4), ok=False)
    assert output.count(sentence) >= 2  # when it happens, and in the summary
    assert sentence in (work.folder / "logs" / "filter" / "0003.log").read_text()
    assert "- filter 0003: " in output.partition("What failed, and why:")[2]
    assert "Traceback" not in output
    assert sorted(path.name for path in (work.folder / "shards").glob("*.h5")) == ["0001.h5", "0002.h5", "0004.h5"]
    for path in (embeddings, metadata):
        path.unlink(missing_ok=True)
    work.run(*products(4))
    work.check_products(mirror_folder, 4)


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
        ({"dimensions": "many"}, "`dimensions`: 'many' is not valid. Expected: the numbers in each embedding."),
        ({"subsets": [0]}, "`subsets`: [0] end before `first_part`, which is 1."),
        ({"keep": [["NSFW", "=", "x"]]}, "`keep`: '=' is not an operator; use one of =="),
    ],
)
def test_a_wrong_configuration_is_explained_before_anything_runs(work, keys, sentence):
    work.configure("/nowhere", **keys)
    output = work.run(ok=False)
    assert sentence in output
    assert "Traceback" not in output
