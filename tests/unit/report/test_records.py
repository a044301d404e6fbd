"""What is read from the records of shards, downloads and jobs."""

import json
from dataclasses import asdict, replace

import pytest

from laion2b.report import records
from laion2b.report.about_parts import outlying
from laion2b.shard import Definition, Shard

DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption"], 768, 1)


def shard(part, **keys):
    return Shard(part, 10, 9, asdict(DEFINITION), "", "", 0, **keys)


def test_shards_of_another_definition_are_left_out(tmp_path):
    (tmp_path / "shards").mkdir()
    for part in ("10000", "0002"):
        shard(part).write(tmp_path / f"shards/{part}.json")
    replace(shard("0003"), definition={}).write(tmp_path / "shards/0003.json")
    (tmp_path / "shards/0004.json").write_text("[]")
    found, others = records.shards(tmp_path, DEFINITION)
    assert [each.part for each in found] == ["0002", "10000"]
    assert others == 2


def attempt(host, at, count, result):
    return {"url": f"https://{host}/a?b", "at": f"2026-01-01T00:00:{at}+00:00", "bytes": count, "result": result}


def test_downloads_per_mirror(tmp_path):
    (tmp_path / "parts").mkdir()
    attempts = [
        attempt("slow.example:444", "10", 50, "timed out"),
        attempt("slow.example:444", "20", 50, "timed out"),
        attempt("fast.example", "25", 1000, "complete"),
    ]
    files = {
        "img_emb_0001.npy": {"attempts": attempts, "started": "2026-01-01T00:00:00+00:00"},
        "img_emb_0002.npy": {"attempts": [], "adopted": True},
        "img_emb_0003.npy": {
            "attempts": [{"url": "/data/x", "at": "2026-01-01T00:00:01+00:00", "bytes": 0, "result": "linked"}],
            "started": "2026-01-01T00:00:00+00:00",
        },
    }
    for name, content in files.items():
        (tmp_path / "parts" / f"{name}.json").write_text(json.dumps(content))
    slow, fast, here = records.mirrors(tmp_path)
    assert (slow.host, slow.files, slow.failures, slow.received, slow.speed()) == ("slow.example", 0, 2, 100, 5)
    assert (fast.host, fast.files, fast.failures, fast.received, fast.speed()) == ("fast.example", 1, 0, 1000, None)
    assert (here.host, here.files) == ("this machine", 1)


def test_what_rules_took(tmp_path):
    logs = {
        "filter/0001": "took 1.50 s and 170 MB", "filter/0002": "took 2.50 s and 180 MB", "download/a": "took 0.10 s",
        "filter/0003": "ERROR x", "other/x": "",
    }  # fmt: skip
    for name, text in logs.items():
        path = tmp_path / "logs" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"2026-01-01 INFO on here\n2026-01-01 INFO {text}\n2026-01-01 INFO done\n")
    first, second = records.rules(tmp_path)
    assert (first.name, first.seconds, first.median(), first.memory) == ("filter", [1.5, 2.5], 2.0, 180.0)
    assert (second.name, second.memory) == ("download", None)
    assert records.rules(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("rows_in", "kept", "far"),
    [
        (1_000_000, [980_000, 981_000, 979_000, 980_500, 979_500, 950_000], [5]),
        (1_000_000, [980_000, 980_000, 980_000, 980_000, 980_600], []),  # chance alone does as much
        (1_000_000, [980_000, 980_000, 980_000, 980_000, 979_000], [4]),
        (400, [392, 392, 392, 392, 386], []),
        (1_000_000, [980_000, 980_000, 980_000, 100_000], []),  # too few to tell
    ],
)
def test_outliers(rows_in, kept, far):
    shards = [replace(shard(str(part)), rows_in=rows_in, rows=rows) for part, rows in enumerate(kept)]
    median, outliers = outlying(shards)
    assert median == pytest.approx(0.98, abs=0.001)
    assert [int(each.part) for each in outliers] == far
