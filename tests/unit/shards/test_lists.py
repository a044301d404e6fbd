"""Lists of rows: what their entries are, how they are sorted and searched, and what is no list."""

import json
import os

import mmh3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b import names
from laion2b.errors import ConfigError, PartError, ShardError
from laion2b.shards import list_files, lists, sorting
from laion2b.shards.list_files import Listed

URLS = ["https://a.example/1", "https://a.example/2", "https://b.example/Ü", "", None]
CAPTIONS = ["one", None, "", "four", "five"]
MD5 = ["46c4bbab739a2b71639fb5a3a4035b36", "56C4BBAB739A2B71639FB5A3A4035B36", "x", "46c4", None]
KEYS = ["185120009", None, "000010000", "-1", "x"]
BATCH = pa.record_batch({"url": URLS, "caption": CAPTIONS, "md5": MD5, "key": KEYS})


def entries(by: str) -> list:
    """Return the entry of each row of BATCH; None for a row that has none."""
    hashes = [None if a is None or b is None else mmh3.hash64(a + b)[0] for a, b in zip(URLS, CAPTIONS, strict=True)]
    return {
        "url": URLS,
        "md5": [each if len(each or "") == 32 else None for each in MD5],
        "key": [int(each) if (each or "").isdecimal() else None for each in KEYS],
        "hash": hashes,
    }[by]


def write(path, found):
    """Write entries as the ending of the path says."""
    match path.suffix:
        case ".txt":
            path.write_text("".join(f"{each}\n" for each in found), encoding="utf-8")
        case ".npy":
            np.save(path, np.array(found, np.int64))
        case _:
            pq.write_table(pa.table({path.stem: found, "other": ["x"] * len(found)}), path)
    return path


def sort(path, by, target=None):
    """Sort a list and return it."""
    target = target or path.with_name("sorted.npy")
    sorting.sort_list(path, Listed(by, list_files.sha256_of(path)), target)
    assert sorted(each.name for each in path.parent.iterdir()) == sorted([path.name, target.name])
    return lists.SortedList(target)


FORMS = [
    (by, form) for by in list_files.COLUMNS for form in list_files.ENDINGS if form != ".npy" or by in list_files.NUMBERS
]


@pytest.mark.parametrize(("by", "form"), FORMS)
def test_exactly_the_rows_of_a_list_are_found(tmp_path, by, form):
    wanted = entries(by)
    there = [each for each in wanted if each is not None and each != ""]
    for chosen in ([], there[:1], there[1:], [*reversed(there), *there]):
        (tmp_path / "sorted.npy").unlink(missing_ok=True)
        found = sort(write(tmp_path / f"{by}{form}", chosen), by)
        assert found.holds(*lists.numbers(BATCH, by)).tolist() == [
            each in chosen and each is not None for each in wanted
        ]


def test_many_keys(tmp_path):
    listed, rows = np.random.default_rng(1).integers(0, 20_000, (2, 10_000))
    batch = pa.record_batch({"key": pa.array(rows)})
    found = sort(write(tmp_path / "key.npy", listed), "key").holds(*lists.numbers(batch, "key"))
    assert found.tolist() == np.isin(rows, listed).tolist()


def test_the_sorted_form_is_sorted_and_has_each_entry_once(tmp_path):
    random = np.random.default_rng(1).integers(-(2**63), 2**63 - 1, 5000)
    sort(write(tmp_path / "hash.npy", [*random, *random]), "hash")
    found = np.load(tmp_path / "sorted.npy")
    assert found.dtype == np.uint64
    assert len(found) == 5000
    assert (np.diff(found.astype(object)) > 0).all()


def test_a_text_file_longer_than_what_is_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sorting, "AT_ONCE", 7)
    path = tmp_path / "url.txt"
    path.write_bytes("https://a.example/1\r\n\nhttps://b.example/Ü".encode())
    assert sort(path, "url").holds(*lists.numbers(BATCH, "url")).tolist() == [True, False, True, False, False]


def test_laions_own_hash():
    """MurmurHash3 of the text, signed, as mmh3 gives it: the same numbers by another way than in the library."""
    numbers, has_one = lists.numbers(BATCH, "hash")
    wanted = np.array([each or 0 for each in entries("hash")], np.int64)
    assert numbers[has_one].tolist() == lists.mixed(wanted)[has_one].tolist()
    assert has_one.tolist() == [True, False, True, True, False]


SECRET = "https://secret.example/x"


@pytest.mark.parametrize(
    ("name", "by", "found"),
    [
        ("md5.txt", "md5", "what is no md5 in row 1"),
        ("hash.txt", "hash", "what is no hash in row 1"),
        ("key.txt", "key", "what is no key in row 1"),
        ("hash.parquet", "hash", "what is no hash in row 1"),
        ("other.parquet", "url", "no column url, but other"),
        ("caption.parquet", "md5", "no column md5"),
    ],
)
def test_a_wrong_entry_is_named_by_its_row_and_not_shown(tmp_path, name, by, found):
    good = {"md5": MD5[0], "hash": "1", "key": "1", "url": "x"}[by]
    path = tmp_path / name
    if path.suffix == ".parquet":
        pq.write_table(pa.table({path.stem: [good, SECRET]}), path)
    else:
        write(path, [good, SECRET])
    with pytest.raises(PartError, match=found) as caught:
        sort(path, by)
    assert "secret" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("array", [np.ones(3), np.ones((2, 2), int), np.array(["a"]), np.array([{}], object)])
def test_an_npy_that_is_no_list(tmp_path, array):
    np.save(tmp_path / "key.npy", array, allow_pickle=True)
    with pytest.raises(PartError, match=r"found (numbers of type|a file that can't be read)"):
        sort(tmp_path / "key.npy", "key")


def test_a_number_that_is_too_large(tmp_path):
    with pytest.raises(PartError, match="what is no hash in row 0"):
        sort(write(tmp_path / "hash.txt", ["9" * 19]), "hash")


def test_a_list_that_was_changed_meanwhile(tmp_path):
    path = write(tmp_path / "url.txt", ["a"])
    with pytest.raises(PartError, match="found SHA-256 .*, expected 0"):
        sorting.sort_list(path, Listed("url", "0"), tmp_path / "sorted.npy")


@pytest.mark.parametrize("content", [b"", b"x" * 300])
def test_a_sorted_list_that_is_damaged(tmp_path, content):
    (tmp_path / "sorted.npy").write_bytes(content)
    with pytest.raises(ShardError, match="found a file that is no sorted list"):
        lists.SortedList(tmp_path / "sorted.npy")


def test_a_list_is_hashed_again_only_if_its_size_or_time_differ(tmp_path, monkeypatch):
    path = write(tmp_path / "url.txt", ["a"])
    entry = [{"file": "url.txt", "by": "url"}]
    (first,) = list_files.identify(entry, tmp_path)
    assert first.sorted == f"lists/{list_files.sha256_of(path)}-url.npy"
    hashed, original = [], list_files.sha256_of
    monkeypatch.setattr(list_files, "sha256_of", lambda file: hashed.append(file) or original(file))
    assert list_files.identify(entry, tmp_path) == [first]
    assert not hashed
    os.utime(path, ns=(1, 1))
    assert list_files.identify(entry, tmp_path) == [first]
    write(path, ["b"])
    assert list_files.identify(entry, tmp_path)[0].sha256 == original(path) != first.sha256
    assert len(hashed) == 2
    assert json.loads((tmp_path / names.KNOWN_LISTS).read_text()).keys() == {"url.txt"}


@pytest.mark.parametrize("memory", ["", "[]", '{"url.txt": 1}', '{"url.txt": {"size": 2, "mtime_ns": 1}}'])
def test_a_memory_that_is_damaged_is_written_again(tmp_path, memory):
    path = write(tmp_path / "url.txt", ["a"])
    (tmp_path / "lists").mkdir()
    (tmp_path / names.KNOWN_LISTS).write_text(memory)
    assert list_files.identify([{"file": "url.txt", "by": "url"}], tmp_path)[0].sha256 == list_files.sha256_of(path)


def test_a_list_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match=r"The list url\.txt can't be read: No such file"):
        list_files.identify([{"file": "url.txt", "by": "url"}], tmp_path)


@pytest.mark.parametrize(
    ("name", "by", "sentence"),
    [
        ("missing.txt", "url", "missing.txt, which does not exist, expected a file"),
        ("folder.txt", "url", "folder.txt, which is no file"),
        ("list.csv", "url", "expected a list that ends in .txt, .parquet, .npy"),
        ("list.npy", "url", "because an .npy holds numbers"),
        ("list.txt", "url", None),
        ("list.npy", "key", None),
    ],
)
def test_entries_of_the_configuration(tmp_path, name, by, sentence):
    (tmp_path / "folder.txt").mkdir()
    for file in ("list.txt", "list.npy", "list.csv"):
        (tmp_path / file).touch()
    found = list_files.mistakes({"drop": [{"file": str(tmp_path / name), "by": by}], "keep_only": None})
    assert len(found) == (sentence is not None)
    assert all(sentence in each for each in found)
