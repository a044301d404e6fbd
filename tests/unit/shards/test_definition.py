"""What a shard is, as text. Snakemake compares the text with that of the last run: another one rebuilds everything."""

from dataclasses import dataclass

import pytest
import yaml

from laion2b.errors import ShardError
from laion2b.shards import record
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard
from tests.support.harness import REPOSITORY

SETTINGS = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
DEFINITION = Definition.of(SETTINGS)


@dataclass(frozen=True)
class Later(Definition):
    """A definition to which a field was added."""

    truncate: int | None = None


def test_the_text_of_the_defaults_is_the_same_for_ever():
    """It changes with DEFINITION_VERSION, and with nothing else: everyone filters all parts again then."""
    assert DEFINITION.text() == (
        '{"keep": [["NSFW", "!=", "NSFW"]], "columns": ["caption", "NSFW", "LICENSE", "url"], '
        '"dimensions": 768, "version": 2}'
    )
    assert Definition.parse(DEFINITION.text()) == DEFINITION


def test_a_field_that_is_added_makes_no_shard_again_at_its_default():
    assert Later.of(SETTINGS).text() == DEFINITION.text()
    assert Later.of(SETTINGS | {"truncate": None}).text() == DEFINITION.text()
    assert Later.parse(DEFINITION.text()) == Later.of(SETTINGS)
    other = Later.of(SETTINGS | {"truncate": 5})
    assert other.content() == DEFINITION.content() | {"truncate": 5}
    assert Later.parse(other.text()) == other


def test_records_from_before_a_field_was_added_are_read(tmp_path, monkeypatch):
    path = tmp_path / "0001.json"
    shard = Shard("0001", 3, 2, DEFINITION.content(), "a", "b", 20)
    shard.write(path)
    monkeypatch.setattr(record, "Definition", Later)
    assert Shard.definition_of(path) == Later.of(SETTINGS)
    assert Shard.read(path, Later.of(SETTINGS)) == shard
    with pytest.raises(ShardError, match='expected .*"truncate": 5'):
        Shard.read(path, Later.of(SETTINGS | {"truncate": 5}))
