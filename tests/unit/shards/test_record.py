"""The record of a shard, and what is none."""

import json
from dataclasses import asdict

import pytest

from laion2b.errors import ShardError
from laion2b.shards.record import Shard
from tests.support.shards import DEFINITION

SHARD = Shard("0001", 3, 2, DEFINITION.content(), "a", "b", 20, {"x": 3}, 1, 0)


def write(path, **changes):
    path.write_text(json.dumps({key: value for key, value in (asdict(SHARD) | changes).items() if value is not ...}))
    return path


def test_a_record_is_read_as_it_was_written(tmp_path):
    SHARD.write(tmp_path / "0001.json")
    assert Shard.read(tmp_path / "0001.json", DEFINITION) == SHARD
    assert Shard.definition_of(tmp_path / "0001.json") == DEFINITION
    write(tmp_path / "0001.json", tags=..., zero_rows=..., not_finite_rows=...)
    assert Shard.read(tmp_path / "0001.json", DEFINITION).tags == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": "3"},
        {"rows": True},
        {"rows": ...},
        {"part": 1},
        {"part": "one"},
        {"tags": ["x"]},
        {"tags": {"x": "3"}},
        {"zero_rows": None},
        {"definition": []},
        {"other": 1},
    ],
)
def test_wrong_types(tmp_path, changes):
    write(tmp_path / "0001.json", **changes)
    with pytest.raises(ShardError, match="found a file that is not the record of a shard"):
        Shard.read(tmp_path / "0001.json", DEFINITION)


@pytest.mark.parametrize("content", ["", "[]", "null", "[" * 100_000, '{"a":' * 100_000, "\udcff"])
def test_what_is_no_json_object(tmp_path, content):
    (tmp_path / "0001.json").write_text(content, errors="surrogateescape")
    with pytest.raises(ShardError, match="found a file that is not the record of a shard"):
        Shard.read(tmp_path / "0001.json", DEFINITION)


@pytest.mark.parametrize("changes", [{"keep": "x"}, {"keep": [["a"]]}, {"columns": [1]}, {"other": 1}])
def test_a_definition_that_is_none(tmp_path, changes):
    write(tmp_path / "0001.json", definition=DEFINITION.content() | changes)
    with pytest.raises(ShardError, match="found the definition .* expected one of this version"):
        Shard.definition_of(tmp_path / "0001.json")
