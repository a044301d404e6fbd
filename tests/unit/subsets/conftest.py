"""A small subset, and what is said of it."""

from pathlib import Path

import pytest

from laion2b.parts import record
from laion2b.subsets.provenance import provenance
from tests.support.harness import REPOSITORY
from tests.support.shards import DEFINITION, build


@pytest.fixture
def subset(shards: dict[str, list[Path]], tmp_path: Path) -> tuple[list[Path], list[Path]]:
    """Return the products of a subset, and the records of its shards."""
    build(shards, tmp_path / "laion2B-10.h5")
    return [tmp_path / "laion2B-10.h5", tmp_path / "laion2B-10.tsv"], shards["json"]


DESCRIBED = {"name": "own", "family": "ours", "license": "https://a.example/x", "citation": "Us, 2026", "creator": "We"}


@pytest.fixture
def content(subset: tuple[list[Path], list[Path]], tmp_path: Path) -> dict:
    """Return the provenance of the subset, of which one part's embeddings were downloaded."""
    parts = tmp_path / "parts"
    parts.mkdir()
    file = parts / "img_emb_0003.npy"
    file.write_bytes(b"embeddings")
    record.write(file, url="https://example.org/3.npy", stat=file.stat(), sha256="ab", started=record.now(), etag='"1"')
    return provenance(*subset, parts, DEFINITION, REPOSITORY, DESCRIBED)
