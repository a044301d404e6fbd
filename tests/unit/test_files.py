"""Files appear when they are complete, or not at all."""

import pytest

from laion2b.files import appearing, read_json, write_json


def test_all_files_or_none(tmp_path):
    old, new = tmp_path / "old", tmp_path / "folder" / "new"
    old.write_text("old")
    with pytest.raises(KeyError), appearing(old, new) as (first, second):
        first.write_text("half")
        second.write_text("half")
        raise KeyError
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "old"]
    with appearing(old, new) as (first, second):
        first.write_text("1")
        second.write_text("2")
        assert old.read_text() == "old"
    assert (old.read_text(), new.read_text()) == ("1", "2")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "new", "old"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", "3"])
def test_json_that_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / "x").write_text(content)
    assert read_json(tmp_path / "x") is None


def test_json(tmp_path):
    write_json(tmp_path / "x", {"a": "é"})
    assert read_json(tmp_path / "x") == {"a": "é"}
