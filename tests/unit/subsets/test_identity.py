"""Whether a subset is the published one."""

import hashlib

import numpy as np
import pytest

from laion2b.errors import ConfigError
from laion2b.formats import hdf5, jld2
from laion2b.subsets import identity, official
from laion2b.subsets.official import Subset


@pytest.fixture
def embeddings(tmp_path):
    """Return a product of 2,000 rows."""
    rows = np.random.default_rng(1).normal(size=(2000, 768)).astype("<f2")
    with hdf5.create(tmp_path / "laion2B-11.h5", 2000, 768) as output:
        output.write(rows.tobytes())
    return tmp_path / "laion2B-11.h5", rows


def publish(monkeypatch, md5):
    monkeypatch.setitem(official.SUBSETS, 11, Subset("10M", 11, 2000, 2000, md5))


def test_the_published_rows(embeddings, monkeypatch):
    path, rows = embeddings
    container = jld2.containers(2000, 768, [jld2.VERSIONS[1]])[0]
    publish(monkeypatch, hashlib.md5(container.head + rows.tobytes() + container.tail).hexdigest())
    read = []
    found = identity.identify(path, 11, 2, read.append)
    assert found["equal"] == jld2.VERSIONS[1]
    assert sum(read) == rows.nbytes
    assert "holds exactly the rows of the published file" in identity.sentence(found)


def test_other_rows(embeddings, monkeypatch):
    publish(monkeypatch, "0" * 32)
    found = identity.identify(embeddings[0], 11, 1, lambda _: None)
    assert found["equal"] is None
    assert len(set(found["by_version_of_julia"].values())) == len(jld2.VERSIONS)
    assert "That proves nothing" in identity.sentence(found)


@pytest.mark.parametrize("last", [11, 12])
def test_what_can_be_no_published_subset_is_not_read(embeddings, last):
    with pytest.raises(
        ConfigError, match=r"found 2,000 rows of 768 dimensions, of parts up to 1\d, expected an official subset"
    ):
        identity.identify(embeddings[0], last, 1, pytest.fail)
