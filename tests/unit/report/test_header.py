"""The head of the page: where the data come from, and what the checks say."""

import json
import os

import pytest

from laion2b import names
from laion2b.neighbors import gold as layout
from laion2b.report.gather import HostTotals
from laion2b.report.header import BAD, GOOD, OPEN, header, verdicts
from laion2b.shards.definition import Definition
from laion2b.subsets import official

HERE, REAL = HostTotals("127.0.0.1", attempts=2), HostTotals("real.example", attempts=2)
PASSED = {"passed": True, "checks": [{"what": "rows", "passed": True}] * 3}


@pytest.fixture
def folder(tmp_path):
    for name in ("laion2B-2.h5", "metadata-2.tsv"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 10**9))
    return tmp_path


def test_facts(folder):
    found = header(folder, official.DEFINITION, 1, [HERE], {2: 1234}, families={names.DEMO})
    assert found.is_made_up
    facts = dict(found.facts)
    assert facts["Data"] == "made up by the demo, from 127.0.0.1"
    assert facts["Products"] == "laion2B-2.h5 (1,234 rows), metadata-2.tsv"
    assert facts["Newest file shown"] == "09 September 2001, 01:46 UTC"
    assert facts["Definition"].startswith("not the official one: rows with NSFW != 'NSFW', columns caption, ")
    official_one = dict(header(folder, official.DEFINITION, 1, [REAL], {}, families={"laion2b-en"}).facts)
    assert official_one["Definition"].startswith("the official one of SISAP: rows with ")
    found = header(folder, Definition([], ["url"], 512, 1), 1, [HERE, REAL], {})
    assert not found.is_made_up
    facts = dict(found.facts)
    assert facts["Data"] == "parts of a family that is not known, from 127.0.0.1, real.example"
    assert facts["Definition"] == ("not the official one: rows with any values, columns url, 512 dimensions, version 1")
    assert dict(header(folder, official.DEFINITION, 2, [], {}).facts)["Data"].startswith("not known")


def said(folder, rows=None):
    return {each.name: (each.sign, each.text) for each in verdicts(folder, rows or {2: 5})}


def test_verdicts_of_checks(folder):
    assert said(folder) == {"verify-2.json": (OPEN, "not checked yet: request verify-2.json")}
    verified = folder / "verify-2.json"
    verified.write_text(json.dumps(PASSED))
    (folder / "jld2-2.json").write_text(json.dumps({"equal": "1.5.3"}))
    assert said(folder) == {
        "verify-2.json": (GOOD, "all 3 checks passed"),
        "jld2-2.json": (GOOD, "holds the rows of the published file"),
    }
    os.utime(verified, (0, 10**9 - 1))
    assert said(folder)["verify-2.json"] == (OPEN, "older than the product: request it again")
    (folder / "jld2-2.json").write_text(json.dumps({"equal": None}))
    assert said(folder)["jld2-2.json"][0] == OPEN
    wrong = {"passed": False, "checks": [{"what": "dimensions", "passed": False}, {"what": "rows", "passed": True}, 3]}
    (folder / "verify-2.failed.json").write_text(json.dumps(wrong))
    assert said(folder)["verify-2.failed.json"] == (BAD, "failed: dimensions")


def test_verdicts_of_gold_standards(folder):
    gold = folder / "gold-2.h5"
    with layout.create(gold, 4, layout.attributes("cosine", 2, 5, "hash", 0, 0)):
        pass
    assert said(folder)["gold-2.h5"] == (GOOD, "exact neighbors of 4 queries")
    (folder / "gold-2.json").write_text(json.dumps({"certificate": {"pairs_of_a_query_and_a_shard": 8}}))
    assert said(folder)["gold-2.h5"][1].endswith("certified for 8 pairs of query and shard")
    assert said(folder, {2: 6})["gold-2.h5"] == (BAD, "is about 5 rows, and the subset has 6")
    (folder / "verify-gold-2.json").write_text(json.dumps(PASSED))
    assert said(folder)["verify-gold-2.json"] == (GOOD, "all 3 checks passed")
    gold.write_bytes(b"nothing")
    assert said(folder)["gold-2.h5"] == (BAD, "can't be read")
