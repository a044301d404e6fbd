"""Links, folders next to files of the user's, names of the challenge, rows that are compared with their records."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from laion2b.errors import ConfigError, ShardError
from laion2b.exports import existing, folder, links, rows, sisap, vectors
from laion2b.subsets import official
from tests.support.shards import DEFINITION, flip

PUBLIC = {"md5": official.QUERIES_MD5}


@pytest.fixture
def source(tmp_path) -> Path:
    (tmp_path / "source").write_bytes(b"12345")
    return tmp_path / "source"


def test_a_link_replaces_what_has_its_name_and_writes_nothing_into_it(tmp_path, source):
    target = tmp_path / "folder" / "target"
    assert links.link(source, target)
    assert target.samefile(source)
    assert links.link(source, target)
    newer = tmp_path / "newer"
    newer.write_bytes(b"other")
    assert links.link(newer, target)
    assert target.samefile(newer)
    assert source.read_bytes() == b"12345"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_a_copy_where_links_can_not_be(tmp_path, source, monkeypatch, caplog):
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert not links.link(source, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"12345"
    assert not (tmp_path / "target").samefile(source)
    assert "target is a copy of" in caplog.text
    assert not links.are_possible(tmp_path, tmp_path / "missing" / "folder")


def test_links_are_possible(tmp_path):
    assert links.are_possible(tmp_path, tmp_path / "missing" / "folder")
    assert not list(tmp_path.iterdir())


def writer(text: str):
    return lambda path: path.write_text(text)


def contents(target: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in target.iterdir() if path.name != folder.RECORD}


def test_a_folder_keeps_what_the_user_put_there(tmp_path):
    target = tmp_path / "folder"
    folder.check(target, False, "fill")
    folder.fill(target, {"a": writer("one"), "b": writer("two")})
    (target / "mine").write_text("mine")
    folder.check(target, False, "fill")
    folder.fill(target, {"a": writer("another"), "c": writer("three")})
    assert contents(target) == {"a": "another", "c": "three", "mine": "mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    (target / "a").unlink()
    with pytest.raises(ConfigError, match="folder: found no a, .* `--forcerun fill`"):
        folder.check(target, False, "fill")
    folder.check(target, True, "fill")
    with pytest.raises(ConfigError, match="mine: found a file that this workflow did not write"):
        folder.fill(target, {"a": writer("again"), "mine": writer("theirs")})
    assert contents(target) == {"c": "three", "mine": "mine"}


def test_a_folder_is_complete_or_absent(tmp_path):
    def fail(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "folder"
    with pytest.raises(OSError, match="space"):
        folder.fill(target, {"a": writer("one"), "b": fail})
    assert not target.exists()
    folder.fill(target, {"a": writer("one"), "b": writer("two")})
    with pytest.raises(OSError, match="space"):
        folder.fill(target, {"a": writer("other"), "b": fail})
    assert contents(target) == {"a": "one", "b": "two"}


def test_a_fill_that_was_killed_goes_on(tmp_path, monkeypatch):
    target = tmp_path / "folder"
    folder.fill(target, {"a": writer("one"), "b": writer("two")})
    replace_, calls = Path.replace, []

    def once(path: Path, to: Path) -> Path:
        calls.append(path.parent.name)
        if calls.count("folder.tmp") == 2:
            raise KeyboardInterrupt
        return replace_(path, to)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(KeyboardInterrupt):
        folder.fill(target, {"a": writer("newer"), "b": writer("newer"), "c": writer("newer")})
    assert contents(target) == {"a": "newer", "b": "two"}
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="not to the end|found no c"):
        folder.check(target, False, "fill")
    folder.fill(target, {"a": writer("last"), "b": writer("last"), "c": writer("last")})
    assert contents(target) == {"a": "last", "b": "last", "c": "last"}
    folder.check(target, False, "fill")


def test_a_file_that_was_replaced_is_the_users(tmp_path):
    target = tmp_path / "folder"
    folder.fill(target, {"a": writer("one")})
    (target / "a").write_text("longer")
    with pytest.raises(ConfigError, match="or that was changed since"):
        folder.fill(target, {"a": writer("two")})
    folder.fill(target, {"b": writer("two")})
    assert contents(target) == {"a": "longer", "b": "two"}


def test_a_folder_of_the_users(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="a folder that this workflow did not write"):
        folder.check(tmp_path / "folder", False, "fill")


@pytest.mark.parametrize(
    ("definition", "first", "last", "queries", "names"),
    [
        (official.DEFINITION, 1, 11, PUBLIC, ("n=10M.h5", "public-queries-10k-clip768v2.h5", "groundtruth-10M.h5")),
        (official.DEFINITION, 1, 33, PUBLIC, ("n=30M.h5", "public-queries-10k-clip768v2.h5", "groundtruth-30M.h5")),
        (official.DEFINITION, 1, 111, PUBLIC, ("n=100M.h5", "public-queries-10k-clip768v2.h5", "groundtruth-100M.h5")),
        (official.DEFINITION, 1, 11, {"part": 0}, ("n=10M.h5", "queries.h5", "groundtruth-11.h5")),
        (official.DEFINITION, 1, 12, PUBLIC, ("n=12.h5", "public-queries-10k-clip768v2.h5", "groundtruth-12.h5")),
        (official.DEFINITION, 0, 11, PUBLIC, ("n=11.h5", "public-queries-10k-clip768v2.h5", "groundtruth-11.h5")),
        (
            replace(official.DEFINITION, keep=[]), 1, 11, PUBLIC,
            ("n=11.h5", "public-queries-10k-clip768v2.h5", "groundtruth-11.h5"),
        ),
    ],
)  # fmt: skip
def test_published_names_are_for_what_was_published(definition, first, last, queries, names):
    found = sisap.file_names(definition, first, last, queries)
    assert found == (f"laion2B-en-clip768v2-{names[0]}", names[1], f"data/{names[2]}")


def test_a_damaged_shard_gets_into_no_export(tmp_path, shards):
    flip(shards["h5"][2], -1)
    subset = rows.sources(shards["h5"], shards["json"], DEFINITION)
    with pytest.raises(ShardError, match=r"0003\.h5: found 1 rows with XXH3 .* as the record of part 0003 says"):
        vectors.write_binary(subset, 4, tmp_path / "out.f16bin")
    assert not (tmp_path / "out.f16bin").exists()


def test_a_matrix_of_all_shards(tmp_path, shards):
    subset = rows.sources(shards["h5"], shards["json"], DEFINITION)
    assert vectors.write_binary(subset, 4, tmp_path / "out.f16bin") == 9
    data = (tmp_path / "out.f16bin").read_bytes()
    assert data[:8] == (9).to_bytes(4, "little") + (4).to_bytes(4, "little")
    assert len(data) == 8 + 9 * 4 * 2


def test_inventory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert existing.sizes() == existing.on_disk() == {}
    (tmp_path / "product").write_bytes(bytes(50_000))
    folder.fill(tmp_path / "exports" / "sisap-1", {"a": lambda path: links.link(tmp_path / "product", path)})
    (tmp_path / "exports" / "parquet").mkdir()
    (tmp_path / "exports" / "parquet" / "0001.parquet").write_bytes(bytes(5000))
    (tmp_path / "exports" / "x.fbin").write_bytes(bytes(10))
    (tmp_path / "exports" / "x.fbin.json").write_bytes(b"{}")
    assert existing.sizes().keys() == {"exports/sisap-1/", "exports/x.fbin"}
    assert existing.sizes()["exports/x.fbin"] == 10
    assert existing.sizes()["exports/sisap-1/"] > 50_000
    assert 0 < existing.on_disk()["exports"] < 50_000
