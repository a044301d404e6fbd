"""The record beside a part."""

import hashlib

import pytest

from laion2b import record
from laion2b.errors import PartError


@pytest.fixture
def file(tmp_path):
    """Return a part of three bytes."""
    path = tmp_path / "x.npy"
    path.write_bytes(b"abc")
    return path


def test_adoption_happens_once(file):
    assert record.adopt(file)
    known = record.read(file)
    assert (known["size"], known["url"]) == (3, None)
    assert known["sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert not record.adopt(file)


def test_a_file_that_changed_since(file):
    record.check_size(file)
    record.adopt(file)
    record.check_size(file)
    file.write_bytes(b"abcd")
    with pytest.raises(PartError, match=r"found 4 bytes, expected 3, as x.npy.json says"):
        record.check_size(file)


@pytest.mark.parametrize("content", ["", "{}", '{"size": "3"}'])
def test_a_damaged_record_is_none(file, content):
    record.path_for(file).write_text(content)
    assert record.read(file) is None
