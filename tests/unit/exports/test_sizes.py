"""The forecast of what exports take."""

from dataclasses import replace
from pathlib import Path

import pytest

from laion2b.exports import sizes

BASIS = sizes.Basis(
    embeddings=1000, metadata=100, dimensions=4, queries=10, shards=lambda last: last, are_links=True, is_virtual=False
)
OF_QUERIES = 10 * (4 * 10 + 1600)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("exports/laion2B-3.f16bin", 3000),
        ("exports/laion2B-3.fbin", 6000),
        ("exports/laion2B-n50.fvecs", 50 * (4 + 4 * 4)),
        ("exports/laion2B-3-angular.hdf5", OF_QUERIES),
        ("exports/laion2B-3-cosine-float32.hdf5", 6000 + OF_QUERIES),
        ("exports/metadata-3.parquet", 300),
        ("exports/metadata/0003.parquet", 100),
        ("exports/parquet/0003.parquet", 1300),
        ("logs/export_parquet/3.done", OF_QUERIES),
        ("logs/export_sisap/3.done", 0),
        ("logs/export_bigann/3.done", OF_QUERIES),
        ("duplicates-3.parquet", 3 * 125 * 24),
        ("laion2B-3.h5", 0),
        ("shards/0003.h5", 0),
    ],
)
def test_sizes(tmp_path, monkeypatch, name, size):
    monkeypatch.chdir(tmp_path)
    assert sizes.added([Path(name)], BASIS) == size
    assert bool(sizes.among([Path(name)])) == (size > 0 or "export" in name)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(b"x")
    assert sizes.added([Path(name)], BASIS) == max(0, size - 1)


def test_copies():
    sisap = [Path("logs/export_sisap/3.done")]
    assert sizes.added(sisap, replace(BASIS, are_links=False)) == 3000
    assert sizes.added(sisap, replace(BASIS, is_virtual=True)) == 3000
    assert sizes.added([Path("logs/export_parquet/3.done")], replace(BASIS, are_links=False)) == 3900 + OF_QUERIES
    assert sizes.of_links(sisap)
    assert not sizes.of_links([Path("exports/laion2B-3.fbin")])
