"""Files of a small part, and small shards, for tests of the library."""

from pathlib import Path

import pytest

from laion2b.shards.filter import filter_part
from tests.support.shards import DEFINITION, PARTS, write


@pytest.fixture
def paths(tmp_path: Path) -> dict:
    """Return the arguments for filter_part in an empty folder."""
    return {
        "embeddings": tmp_path / "img_emb_0001.npy",
        "metadata": tmp_path / "metadata_0001.parquet",
        "shard_embeddings": tmp_path / "0001.h5",
        "shard_metadata": tmp_path / "0001.tsv",
        "shard_record": tmp_path / "0001.json",
        "part": "0001",
        "definition": DEFINITION,
    }


@pytest.fixture
def shards(tmp_path: Path) -> dict[str, list[Path]]:
    """Return the HDF5 files, TSVs and records of four shards, one of them without rows."""
    files: dict[str, list[Path]] = {"h5": [], "tsv": [], "json": []}
    for part, tags in PARTS.items():
        names = {ending: tmp_path / f"{part:04d}.{ending}" for ending in files}
        for ending, path in names.items():
            files[ending].append(path)
        paths = {"embeddings": tmp_path / f"{part}.npy", "metadata": tmp_path / f"{part}.parquet"}
        write(paths, tags)
        filter_part(
            **paths, shard_embeddings=names["h5"], shard_metadata=names["tsv"], shard_record=names["json"],
            part=f"{part:04d}", definition=DEFINITION,
        )  # fmt: skip
    return files
