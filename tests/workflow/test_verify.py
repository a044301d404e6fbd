"""Checks of subsets that stand, as users run them."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.support.harness import REPOSITORY, products

LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"


@pytest.fixture
def built(build):
    return build(3)


def state(work):
    return {path: path.stat().st_mtime_ns for path in [*work.folder.glob("*-3.*"), *work.folder.glob("shards/*")]}


def test_a_good_subset(built):
    before = state(built)
    output = built.run("verify-3.json")
    assert "ok      rows of emb:" in output
    assert json.loads((built.folder / "verify-3.json").read_text())["passed"]
    assert "Nothing to be done" in built.run("verify-3.json")
    (built.folder / "verify-3.json").unlink()
    assert state(built) == before


def test_a_damaged_subset_stays_as_it_is(built):
    built.run("verify-3.json")
    content = bytearray((built.folder / "laion2B-3.h5").read_bytes())
    content[-1] ^= 1
    (built.folder / "laion2B-3.h5").write_bytes(content)
    before = {path: path.read_bytes() for path in state(built) if path.name != "verify-3.json"}
    output = built.run("verify-3.json", ok=False)
    assert "embeddings have the XXH3 of their shard: not for part 0003, expected for all 3 parts" in output
    assert "verify 3: 1 of 11 checks failed" in output
    failed = json.loads((built.folder / "verify-3.failed.json").read_text())
    assert [check["what"] for check in failed["checks"] if not check["passed"]] == [
        "embeddings have the XXH3 of their shard"
    ]
    assert not (built.folder / "verify-3.json").exists()
    assert {path: path.read_bytes() for path in before} == before
    content[-1] ^= 1
    (built.folder / "laion2B-3.h5").write_bytes(content)
    built.run("verify-3.json")
    assert not (built.folder / "verify-3.failed.json").exists()


def test_nothing_is_built_to_be_checked(built):
    (built.folder / "metadata-3.tsv").unlink()
    assert "metadata-3.tsv does not exist. A check reads what was built" in built.run("verify-3.json", ok=False)
    assert not (built.folder / "metadata-3.tsv").exists()


def test_a_change_of_the_configuration_rebuilds_nothing(built, mirror_folder):
    before = state(built)
    built.configure(mirror_folder, columns=["url"])
    output = built.run("verify-3.json", ok=False)
    assert "a shard made by" in output
    (built.folder / "verify-3.failed.json").unlink()
    assert state(built) == before


def test_a_copy_elsewhere(built, tmp_path):
    copies = [shutil.copy(built.folder / name, tmp_path / f"copy{number}") for number, name in enumerate(products(3))]
    records = sorted((built.folder / "shards").glob("*.json"))
    command = [sys.executable, str(LIBRARY), "verify", *copies, "--records", *map(str, records)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("No official figure for this configuration.\n")
    done = subprocess.run([*command[:3], copies[0], "--last", "11"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Differs: " in done.stdout
    assert "1 of 2 checks failed" in done.stderr


def test_only_official_subsets_are_compared_with_what_was_published(built):
    output = built.run("jld2-3.json", ok=False)
    assert "expected an official subset" in output
    assert not (built.folder / "jld2-3.json").exists()


def test_a_view_is_checked_again_when_a_shard_changes(build):
    work = build(2, layout="virtual")
    work.run("verify-2.json")
    shard = work.folder / "shards" / "0002.h5"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    assert "not for part 0002" in work.run("verify-2.json", ok=False)
    shard.unlink()
    assert "0002.h5" in work.run("verify-2.json", ok=False)


def test_no_check_in_a_run_that_writes_what_it_looks_at(built):
    before = state(built)
    output = built.run("--forcerun", "concatenate_embeddings", "--", "laion2B-3.h5", "verify-3.json", ok=False)
    assert "verify-3.json describes finished files, but this run would also write laion2B-3.h5" in output
    assert state(built) == before


def test_findings_of_files_that_cannot_be_read_replace_older_ones(built, tmp_path):
    built.run("verify-3.json")
    with (built.folder / "laion2B-3.h5").open("r+b") as file:
        file.truncate(5000)
    built.run("verify-3.json", ok=False)
    failed = json.loads((built.folder / "verify-3.failed.json").read_text())
    assert "laion2B-3.h5 can be read" in [check["what"] for check in failed["checks"] if not check["passed"]]
    command = [sys.executable, str(LIBRARY), "verify", built.folder / "laion2B-3.h5", "--output", tmp_path / "o.json"]
    (tmp_path / "o.json").write_text("passed, some time ago")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    assert [path.name for path in tmp_path.glob("o.*")] == ["o.failed.json"]


def test_records_of_more_parts_than_a_file_has(built):
    built.run(*products(2))
    files = [built.folder / name for name in products(2)]
    records = sorted((built.folder / "shards").glob("*.json"))
    command = [sys.executable, str(LIBRARY), "verify", *files, "--last", "2", "--records", *records]
    subprocess.run(command, capture_output=True, check=True)


def test_locate_tells_the_row_of_the_part(built):
    command = [sys.executable, str(LIBRARY), "locate", str(built.folder / "laion2B-3.h5"), "0", "100"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].startswith("row 0: part 1, row 0 of its shard, row ")
    assert said[1].startswith("row 100: part 2, row ")
