"""The recipes of docs/recipes.md give what they promise, on small data."""

import re

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from mirror import synthetic
from tests.support import reference
from tests.support.harness import REPOSITORY


def recipe(heading: str) -> tuple[dict, list[str]]:
    """Return the configuration and the targets of a recipe."""
    section = (REPOSITORY / "docs" / "recipes.md").read_text().partition(f"## {heading}")[2].partition("\n## ")[0]
    (configuration,), (command,) = (re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL) for kind in ("yaml", "sh"))
    return yaml.safe_load(configuration), re.findall(r"\S+\.(?:h5|tsv)", command)


def test_embeddings_of_ones_own(work, tmp_path):
    keys, targets = recipe("Embeddings of my own")
    matrices = [synthetic.embeddings(part, 30, 512) for part in range(5)]
    for kind in ("img_emb", "metadata"):
        (tmp_path / "out" / kind).mkdir(parents=True)
    for part, matrix in enumerate(matrices):
        np.save(tmp_path / "out" / "img_emb" / f"img_emb_{part}.npy", matrix)
        table = {"image_path": [f"{part}/{row}.jpg" for row in range(30)], "caption": ["a\tb"] * 30}
        pq.write_table(pa.table(table), tmp_path / "out" / "metadata" / f"metadata_{part}.parquet")
    keys |= {"queries": keys["queries"] | {"rows": 4}, "neighbors": 5}
    work.configure(**keys)
    own = work.folder / "config.yaml"
    own.write_text(yaml.safe_dump(keys).replace("/path/to/output", str(tmp_path / "out")))
    work.run(*targets)
    with h5py.File(work.folder / "holidays-3.h5") as file:
        assert file["emb"][:].tobytes() == np.concatenate(matrices[:4]).tobytes()
    found = pd.read_csv(work.folder / "metadata-3.tsv", sep="\t")
    assert found["image_path"].tolist() == [f"{part}/{row}.jpg" for part in range(4) for row in range(30)]
    with h5py.File(work.folder / "gold-3.h5") as file:
        assert file["knns"].shape == (4, 5)


def test_a_list_of_urls(work, mirror_folder):
    keys, targets = recipe("All rows but those of a list")
    kept = [row["url"] for part in (1, 2) for row in reference.kept_rows(mirror_folder, part).values()]
    work.configure(mirror_folder, **keys)
    (work.folder / "removed.txt").write_text("\n".join(kept[5:30]))
    work.run(*targets)
    found = pd.read_csv(work.folder / "metadata-2.tsv", sep="\t", lineterminator="\n")
    assert found["url"].tolist() == [url for url in kept if url not in set(kept[5:30])]
    with h5py.File(work.folder / "cleaned-2.h5") as file:
        assert len(file["emb"]) == len(found)


def test_a_copy_of_another_form(work, tmp_path):
    keys, targets = recipe("Subsets from ClickHouse's copy")
    tables, expected = [], []
    for part in (1, 2):
        matrix, table = synthetic.embeddings(part, 40), synthetic.metadata(part, 40).drop_columns("error_message")
        tags = ["unknown" if tag is None else tag for tag in table["NSFW"].to_pylist()]
        expected.append(matrix[[row for row, tag in enumerate(tags) if tag not in ("unknown", "NSFW")]])
        table = table.set_column(table.schema.get_field_index("NSFW"), "NSFW", [tags])
        tables.append(table.append_column("vector", pa.array(list(matrix.astype("<f4")))))
    whole = pa.concat_tables(tables)
    for file, rows in zip(keys["regroup"]["files"], (whole.slice(0, 55), whole.slice(55)), strict=True):
        pq.write_table(rows, tmp_path / file.rpartition("/")[2])
    work.configure(**keys)
    own = work.folder / "config.yaml"
    own.write_text(yaml.safe_dump(keys).replace("/path/to", str(tmp_path)))
    work.run("regroup")
    work.run(*targets)
    with h5py.File(work.folder / "clickhouse-2.h5") as file:
        assert file["emb"][:].tobytes() == np.concatenate(expected).tobytes()


def test_rows_above_a_similarity(work, mirror_folder):
    keys, targets = recipe("Only rows with a similarity")
    work.configure(mirror_folder, **keys)
    work.run(*targets)
    tables = [pq.read_table(mirror_folder / synthetic.METADATA.format(part=part)).to_pandas() for part in (1, 2)]
    every = pd.concat(tables)
    expected = every[every["NSFW"].notna() & (every["NSFW"] != "NSFW") & (every["similarity"] > 0.3)]
    assert 0 < len(expected) < len(every)
    found = pd.read_csv(work.folder / "metadata-2.tsv", sep="\t", lineterminator="\n")
    assert found["url"].tolist() == expected["url"].tolist()
    with h5py.File(work.folder / "laion2B_similar-2.h5") as file:
        assert len(file["emb"]) == len(expected)
