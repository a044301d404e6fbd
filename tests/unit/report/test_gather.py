"""What is read from the records of shards, downloads and jobs."""

import json
from dataclasses import replace

import pytest

from demo import __main__ as demo_of_the_repository
from laion2b.report import gather
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard

DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption"], 768, 1)


def shard(part, **keys):
    return Shard(part, 10, 9, DEFINITION.content(), "", "", 0, **keys)


def test_shards_of_another_definition_are_left_out(tmp_path):
    (tmp_path / "shards").mkdir()
    for part in ("10000", "0002"):
        shard(part).write(tmp_path / f"shards/{part}.json")
    replace(shard("0003"), definition={}).write(tmp_path / "shards/0003.json")
    (tmp_path / "shards/0004.json").write_text("[]")
    found, others = gather.shards(tmp_path, DEFINITION)
    assert [each.part for each in found] == ["0002", "10000"]
    assert others == 2


def attempt(host, at, count, result, brought=None):
    entry = {"url": f"https://{host}/a?b", "at": f"2026-01-01T00:00:{at}+00:00", "bytes": count, "result": result}
    return entry if brought is None else entry | {"brought": brought}


def test_downloads_per_mirror(tmp_path):
    (tmp_path / "parts").mkdir()
    attempts = [
        attempt("slow.example:444", "10", 50, "timed out"),
        attempt("slow.example:444", "20", 50, "timed out"),
        attempt("fast.example", "25", 1000, "complete"),  # of an earlier version, which wrote no `brought`
    ]
    files = {
        "img_emb_0001.npy": {"attempts": attempts, "started": "2026-01-01T00:00:00+00:00"},
        "img_emb_0002.npy": {"attempts": [], "adopted": True},
        "img_emb_0003.npy": {
            "attempts": [{"url": "/data/x", "at": "2026-01-01T00:00:01+00:00", "bytes": 0, "result": "linked"}],
            "started": "2026-01-01T00:00:00+00:00",
        },
        "img_emb_0004.npy": {"attempts": [attempt("new.example", "10", 7, "in other words", brought=True)]},
    }
    for name, content in files.items():
        (tmp_path / "parts" / f"{name}.json").write_text(json.dumps(content))
    slow, fast, here, new = gather.hosts(tmp_path)
    assert (slow.host, slow.files, slow.failures, slow.received, slow.speed()) == ("slow.example", 0, 2, 100, 5)
    assert (fast.host, fast.files, fast.failures, fast.received, fast.speed()) == ("fast.example", 1, 0, 1000, None)
    assert (here.host, here.files) == ("this machine", 1)
    assert (new.host, new.files, new.failures) == ("new.example", 1, 0)


@pytest.mark.parametrize("started", [None, 3, "then", "2026-01-01"])
def test_records_of_wrong_types_spoil_no_report(tmp_path, started):
    (tmp_path / "parts").mkdir()
    good = attempt("a.example", "10", 5, "complete")
    content = {"started": started, "attempts": [good, "x", {"url": 3}]}
    (tmp_path / "parts/img_emb_0001.npy.json").write_text(json.dumps(content))
    (mirror,) = gather.hosts(tmp_path)
    assert (mirror.host, mirror.attempts, mirror.seconds) == ("a.example", 1, 0)


def test_what_rules_took(tmp_path):
    outcomes = {
        "filter/0001": {"ended": "well", "seconds": 1.5, "MB": 170}, "filter/0002": {"ended": "well", "seconds": 2.5, "MB": 180},
        "download/a": {"ended": "well", "seconds": 0.1, "MB": None}, "filter/0003": {"ended": "error", "seconds": 9, "MB": 999},
        "filter/0004": {"ended": None}, "merge/x": None,
    }  # fmt: skip
    for name, outcome in outcomes.items():
        path = tmp_path / "logs" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("2026-01-01 INFO took 1.50 s and 170 MB\n2026-01-01 INFO done\n")  # of an earlier version
        if outcome:
            path.with_suffix(".json").write_text(json.dumps(outcome))
    first, second = gather.rules(tmp_path)
    assert (first.name, first.seconds, first.median(), first.memory) == ("filter", [1.5, 2.5], 2.0, 180.0)
    assert (second.name, second.memory) == ("download", None)
    assert gather.rules(tmp_path / "nowhere") == []


def test_the_demo_is_known_by_its_family():
    assert gather.is_made_up({demo_of_the_repository.MADE_UP["family"]})
    assert not gather.is_made_up({demo_of_the_repository.MADE_UP["family"], "laion2b-en"})
    assert not gather.is_made_up(set())
