"""What is asked for, which results can serve, and what may be replaced."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from laion2b.errors import ConfigError
from laion2b.neighbors import definition as library
from laion2b.neighbors.definition import Definition
from tests.support.configuration import load
from tests.support.harness import REPOSITORY

MD5 = "0123456789abcdef0123456789abcdef"


def asked(**keys):
    return Definition.of(load(**keys))


def test_the_md5_alone_identifies_a_file():
    here, there = ({"file": address, "md5": MD5.upper()} for address in ("/a.npy", "https://a.example/b.h5"))
    assert asked(queries=here) == asked(queries=there)
    assert asked(queries={"file": "/a.npy"}) != asked(queries={"file": "/b.npy"})
    secret = asked(queries={"file": "https://a.example/b.h5?signature=s"})
    assert secret == asked(queries={"file": "https://a.example/b.h5"})
    assert Definition.parse(secret.text()) == secret


def test_a_gold_standard_of_too_few_parts_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load(neighbors=1000, subsets=[11, 33])
    assert library.warnings([9, 11, 33, 111], settings) == []
    (warning,) = library.warnings([6], settings)
    assert warning.startswith("gold-6.h5 is of so few parts that a search keeps too little")
    assert warning.endswith("add 6 to `subsets`.")
    Path("neighbors").mkdir()
    for part in range(1, 7):  # a search that kept more serves
        Path(f"neighbors/{part:04d}.h5").touch()
        record = {"definition": json.loads(Definition.of(settings).text()), "kept": 300}
        Path(f"neighbors/{part:04d}.json").write_text(json.dumps(record))
    assert library.warnings([6], settings) == []
    assert len(library.warnings([3], settings)) == 1


@pytest.mark.parametrize(
    ("mine", "other", "serves"),
    [
        ({}, {}, True),
        ({"neighbors": 10}, {"neighbors": 20}, True),
        ({"neighbors": 20}, {"neighbors": 10}, False),
        ({"metric": "dot"}, {}, False),
        ({"queries": {"part": 0, "rows": 5, "seed": 1}}, {"queries": {"part": 0, "rows": 5, "seed": 2}}, False),
    ],
)
def test_what_results_serve_for(mine, other, serves):
    assert asked(**mine).is_served_by(json.loads(asked(**other).text())) == serves
    assert not asked().is_served_by({})


def test_results_for_other_queries_are_not_replaced(tmp_path):
    result = tmp_path / "0001.h5"
    library.check_result(result, asked(metric="dot"), is_forced=False)
    result.touch()
    with pytest.raises(ConfigError, match=r"0001.h5 and the results of other searches are .* `--forcerun search`"):
        library.check_result(result, asked(), is_forced=False)  # there is no record
    result.with_suffix(".json").write_text(json.dumps({"definition": json.loads(asked(neighbors=5).text())}))
    library.check_result(result, asked(neighbors=9), is_forced=False)
    with pytest.raises(ConfigError, match=r"0001.h5 and the results of other searches are .* `--forcerun search`"):
        library.check_result(result, asked(metric="dot"), is_forced=False)
    library.check_result(result, asked(metric="dot"), is_forced=True)


def test_queries_are_not_replaced(tmp_path):
    library.check_queries(tmp_path, asked(), is_forced=False)
    (tmp_path / "queries.h5").touch()
    for is_forced in (False, True):
        with pytest.raises(ConfigError, match="queries.h5 was not written by this workflow"):
            library.check_queries(tmp_path, asked(), is_forced)
    (tmp_path / "queries.json").write_text(json.dumps({"definition": asked().queries}))
    library.check_queries(tmp_path, asked(), is_forced=False)
    other = asked(queries={"part": 0, "rows": 5, "seed": 1})
    with pytest.raises(ConfigError, match="queries.h5 holds other queries .* `--forcerun queries search`"):
        library.check_queries(tmp_path, other, is_forced=False)
    library.check_queries(tmp_path, other, is_forced=True)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"queries": {"part": 2, "rows": 5, "seed": 1}},
            "`queries`: found part 2, which is in the subset 111, expected a part that no subset holds",
        ),
        ({"queries": {"part": 0, "rows": 5, "seed": 1, "md5": MD5}}, "expected either `file` and"),
        ({"queries": {"file": "a.h5", "md5": "xyz"}}, "expected either `file` and"),
        (
            {"queries": {"file": "ftp://host/queries.h5"}},
            "`queries`: found 'ftp://host/queries.h5', expected a URL with http://",
        ),
        (
            {"queries": {"file": "https://me:pw@host.example/q.h5"}},
            "found 'https://host.example/q.h5' with a user name",
        ),
        ({"neighbors": 0}, "`neighbors`: found 0, expected how many nearest neighbors"),
        ({"metric": "euclidean"}, "expected cosine (1 - cos"),
        (
            {"published_gold": [{"last": 1, "file": "a", "queries": {"file": "b"}}] * 2},
            "found two entries with the same `last`",
        ),
    ],
)
def test_mistakes(keys, sentence):
    with pytest.raises(ConfigError) as caught:
        load(**keys)
    assert sentence in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_search_keeps_its_share_and_some():
    assert library.kept_per_shard(10, 1) == 26
    assert library.kept_per_shard(1000, 1) == 1016
    assert 91 + 4 * 9 < library.kept_per_shard(1000, 11) < 160
    assert 111 * 10_000 * library.kept_per_shard(1000, 11) * 12 < 2e9


def test_the_disk_that_results_take(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load(queries={"part": 0, "rows": 100, "seed": 1}, neighbors=10, subsets=[1])
    outputs = [Path(name) for name in ("neighbors/0001.h5", "neighbors/0001.json", "gold-1.h5", "laion2B-1.h5")]
    assert library.bytes_of_results(outputs, settings) == 100 * 26 * 12 + 100 * 10 * 16
    assert library.bytes_of_results(outputs[3:], {}) == 0


def test_names_of_downloads():
    one, other = (library.downloaded(f"https://{host}.example/a/q%20x.h5?s=1") for host in "ab")
    assert one.name.endswith("-q x.h5")
    assert one != other


def test_rules_are_parsed_without_installed_packages():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import laion2b.neighbors.definition; "
        "print({'numpy', 'h5py', 'pyarrow', 'requests', 'xxhash'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, str(REPOSITORY / "workflow" / "scripts")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_what_is_downloaded_for_queries():
    settings = load(
        queries={"file": "https://a.example/q.h5"},
        published_gold=[{"last": 11, "file": "https://a.example/gold.h5", "queries": {"file": "/here/q.npy"}}],
    )
    known = library.remote_files(settings)
    assert {path.name.partition("-")[2]: entry["file"] for path, entry in known.items()} == {
        "q.h5": "https://a.example/q.h5",
        "gold.h5": "https://a.example/gold.h5",
    }
    assert library.remote_files(load(queries={"part": 0, "rows": 5, "seed": 1}, published_gold=[])) == {}
