"""Targets that are nearly right, and what is meant by them."""

import re

import pytest

from laion2b.errors import ConfigError
from laion2b.run.misspelt import pattern, refuse


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("laion2B-3", "laion2B-3.h5 metadata-3.tsv"),
        ("laion2b-33.h5", "laion2B-33.h5"),
        ("LAION2B_33.H5", "laion2B-33.h5"),
        ("laion-2b-22.hdf5", "laion2B-22.h5"),
        ("laion2B-033.h5", "laion2B-33.h5"),
        ("laion2B2", "laion2B-2.h5 metadata-2.tsv"),
        ("laion2b-3.json", "laion2B-3.json"),
        ("laion2B-3.tsv", "metadata-3.tsv"),
        ("metadata-11", "metadata-11.tsv"),
        ("Metadata-11.tsv", "metadata-11.tsv"),
        ("verify-3", "verify-3.json"),
        ("jld2-03.json", "jld2-3.json"),
    ],
)
def test_what_is_meant(misspelt, meant):
    assert re.fullmatch(pattern(), misspelt)
    with pytest.raises(ConfigError) as caught:
        refuse(misspelt)
    assert str(caught.value) == f"There is no target {misspelt}. Did you mean {meant}?"


@pytest.mark.parametrize(
    "name",
    [
        "laion2B-3.h5", "laion2B-0.json", "metadata-33.tsv", "verify-3.json", "jld2-3.json", "parts/metadata_0001.parquet",
        "metadata_0001.parquet", "laion2b-report.html", "SHA256SUMS-3", "shards/0003.h5", "x/laion2b-3.h5", "laion2B-3.fbin",
        "metadata-1.csv", "/tmp/laion2B-3.h5", "laion2B-3.h5.tmp", "verify-3.failed.json",
    ],
)  # fmt: skip
def test_what_is_not_ours_to_refuse(name):
    assert not re.fullmatch(pattern(), name)
