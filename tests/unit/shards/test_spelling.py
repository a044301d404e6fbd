"""Tags that are spelled otherwise than in `keep`."""

import logging

import pytest

from laion2b.shards.filter import filter_part
from laion2b.shards.spelling import doubts
from tests.support.shards import write


@pytest.mark.parametrize(
    ("tags", "conditions", "expected"),
    [
        (["NSFW", "UNSURE"], [["NSFW", "!=", "NSFW"]], []),
        (["nsfw", "N SFW ", "NSFW"], [["NSFW", "!=", "NSFW"]], [("NSFW", "nsfw"), ("NSFW", "N SFW ")]),
        (["nsfw"], [["NSFW", "!=", "NSFW"]], [("NSFW", "nsfw")]),
        (["UNSURE"], [["NSFW", "not in", ["NSFW", "UNSURE"]]], [("NSFW", None)]),
        (["UNSURE"], [["NSFW", "<", "NSFW"], ["LICENSE", "==", "?"], ["NSFW", "!=", 1]], []),
        ([], [["NSFW", "!=", "NSFW"]], []),
    ],
)
def test_doubts(tags, conditions, expected):
    assert list(doubts(dict.fromkeys(tags, 1), conditions)) == expected


def warnings(paths, caplog, part, tags):
    caplog.clear()
    caplog.set_level(logging.INFO)
    write(paths, tags)
    names = {key: paths[key].with_stem(part) for key in paths if key.startswith("shard_")}
    filter_part(**{**paths, **names, "part": part})
    return [each.message for each in caplog.records if each.levelno == logging.WARNING]


def test_another_spelling_is_warned_of_once(paths, caplog):
    (warning,) = warnings(paths, caplog, "0001", ["nsfw", "nsfw", "UNSURE"])
    assert warning.startswith("Part 0001: 2 rows have the NSFW 'nsfw', but `keep` compares with 'NSFW'.")
    assert warnings(paths, caplog, "0002", ["nsfw", "NSFW"]) == []
    assert "Part 0002: 1 rows have the NSFW 'nsfw'" in caplog.text
    (warning,) = warnings(paths, caplog, "0003", ["Nsfw", "NSFW"])
    assert "'Nsfw'" in warning


def test_a_value_that_no_part_holds_is_warned_of_once(paths, caplog):
    (warning,) = warnings(paths, caplog, "0001", ["UNLIKELY"])
    assert "no row has the NSFW 'NSFW' that `keep` compares with. The part has 'UNLIKELY'" in warning
    assert warnings(paths, caplog, "0002", ["UNSURE"]) == []
    assert warnings(paths, caplog, "0003", ["NSFW"]) == []
    assert warnings(paths, caplog, "0004", ["UNSURE"]) == []
    assert "Part 0004: no row" not in caplog.text
