"""The disk that a run needs."""

from pathlib import Path

import pytest

from laion2b.errors import DownloadError, SpaceError
from laion2b.run import disk
from laion2b.run.plan import Job
from mirror.faults import Fault, faulty
from mirror.server import MirrorServer

PART = disk.PartSize(1000, 100)


def plan(downloads=(3, 3), shards=3, embeddings=(3,), metadata=(3,)):
    names = [f"img_emb_{n}.npy" for n in range(downloads[0])] + [f"metadata_{n}.parquet" for n in range(downloads[1])]
    return disk.Plan(
        {Path("nowhere", name): [] for name in names},
        [Path("nowhere", f"{number}{ending}") for number in range(shards) for ending in (".h5", ".tsv", ".json")],
        {Path("nowhere", f"{number}.h5"): number for number in embeddings},
        {Path("nowhere", f"{number}.tsv"): number for number in metadata},
    )


@pytest.mark.parametrize(
    ("planned", "keep_parts", "expected"),
    [
        (plan(), True, (3300, 3300, 3300)),
        (plan((0, 0)), True, (0, 3300, 3300)),
        (plan((0, 5)), True, (500, 3300, 3300)),
        (plan((100, 100)), False, (2200, 3300, 3300)),
        (plan((1, 1)), False, (1100, 3300, 3300)),
        (plan((0, 0), 0, (1, 2), ()), True, (0, 0, 3000)),
        (plan((0, 0), 0, (), (1, 2)), True, (0, 0, 300)),
    ],
)
def test_need(planned, keep_parts, expected):
    assert disk.need(planned, PART, keep_parts=keep_parts, at_once=2) == disk.Need(*expected)


def test_what_is_there_already_is_not_needed_again(tmp_path):
    files = {
        name: tmp_path / name for name in ("img_emb_1.npy", "1.h5", "1.tsv", "1.json", "laion2B-1.h5", "metadata-1.tsv")
    }
    for name, size in {"img_emb_1.npy.part": 400, "1.h5": 950, "1.tsv": 90, "laion2B-1.h5": 5000}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    planned = disk.Plan(
        {files["img_emb_1.npy"]: []},
        [files["1.h5"], files["1.tsv"], files["1.json"]],
        {files["laion2B-1.h5"]: 1},
        {files["metadata-1.tsv"]: 1},
    )
    assert disk.need(planned, PART, keep_parts=True, at_once=1) == disk.Need(600, 60, 0)


def test_a_part_is_measured_then_looked_up_then_assumed(tmp_path):
    downloads = {}
    assert disk.size_of_part(tmp_path, downloads, 768) == (disk.PartSize(938_705 * 1536, 180_000_000), [])
    for name, size in {"x.npy": 7, "x.parquet": 8}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    downloads = {
        Path("img_emb_0001.npy"): [str(tmp_path / "x.npy")],
        Path("metadata_0001.parquet"): [str(tmp_path / "x.parquet")],
    }
    assert disk.size_of_part(tmp_path, downloads, 768) == (disk.PartSize(7, 8), [])
    for name, size in {
        "img_emb_0001.npy": 10,
        "img_emb_0002.npy": 20,
        "img_emb_0002.npy.json": 9,
        "img_emb_3.npy.part": 1,
    }.items():
        (tmp_path / name).write_bytes(b"x" * size)
    assert disk.size_of_part(tmp_path, downloads, 768) == (disk.PartSize(15, 8), [])


def folders(tmp_path):
    return {kind: tmp_path / "not yet there" / kind for kind in ("parts", "shards", "products")}


DEFAULTS = {"keep_parts": True, "keep_shards": True, "layout": "contiguous", "check_space": True}


def test_a_run_that_fits(tmp_path):
    sentence = disk.compare(disk.Need(1, 2, 3), folders(tmp_path), DEFAULTS)
    assert sentence.endswith(" of free disk for 6 bytes of it.")
    assert sentence.startswith(
        "This run will write about 1 bytes of parts, 2 bytes of shards and 3 bytes of products. "
    )


@pytest.mark.parametrize(
    ("need", "settings", "advice"),
    [
        (disk.Need(10**17, 0, 0), {}, {"`keep_parts: false`"}),
        (disk.Need(10**17, 0, 0), {"keep_parts": False}, set()),
        (disk.Need(0, 0, 10**17), {}, {"`layout: virtual`"}),
        (disk.Need(0, 0, 10**17), {"layout": "virtual"}, set()),
        (disk.Need(0, 0, 10**17), {"keep_shards": False}, set()),
    ],
)
def test_a_run_that_does_not_fit(tmp_path, need, settings, advice):
    with pytest.raises(SpaceError, match="That does not fit") as caught:
        disk.compare(need, folders(tmp_path), DEFAULTS | settings)
    assert {each for each in ("`keep_parts: false`", "`layout: virtual`") if each in str(caught.value)} == advice
    assert "That does not fit" in disk.compare(need, folders(tmp_path), DEFAULTS | settings | {"check_space": False})


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1.44e9, "1.4 GB"), (1.6e14, "160,000.0 GB")],
)
def test_readable(size, text):
    assert disk.readable(size) == text


SETTINGS = {
    "name": "laion2B",
    "holes": [],
    "mirrors": [{"embeddings": "http://127.0.0.1:9/{part}.npy", "metadata": "http://127.0.0.1:9/{part}.parquet"}],
    "dimensions": 768,
    "first_part": 2,
    "last_part": 9,
    "layout": "contiguous",
    "keep_parts": True,
    "keep_shards": True,
    "check_space": True,
}
OUTPUTS = [
    Path(name)
    for name in (
        "parts/img_emb_0003.npy", "parts/metadata_0003.parquet", "parts/metadata_0004.parquet", "shards/0003.h5",
        "shards/0003.tsv", "shards/0003.json", "laion2B-4.h5", "metadata-3.tsv",
    )
]  # fmt: skip
JOBS = [Job("any", OUTPUTS)]


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Make a part of 7 + 2 MB, after which the others are estimated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    for name, size in (("img_emb_0002.npy", 7_000_000), ("metadata_0002.parquet", 2_000_000)):
        with (tmp_path / "parts" / name).open("wb") as file:
            file.truncate(size)


@pytest.mark.parametrize(
    ("settings", "need"),
    [
        ({}, "11.0 MB of parts, 9.0 MB of shards and 25.0 MB of products. {} has {} of free disk for 45.0 MB of it."),
        (
            {"layout": "virtual"},
            "11.0 MB of parts, 9.0 MB of shards and 4.0 MB of products. {} has {} of free disk for 24.0 MB of it.",
        ),
        (
            {"keep_parts": False},
            "9.0 MB of parts, 9.0 MB of shards and 25.0 MB of products. {} has {} of free disk for 43.0 MB of it.",
        ),
    ],
)
def test_each_file_counts_as_what_it_is(parts, settings, need):
    sentence, warnings = disk.forecast(JOBS, SETTINGS | settings, 1)
    before, after = need.split("{} has {}")
    assert sentence.startswith(f"This run will write about {before}")
    assert sentence.endswith(after)
    assert not warnings


def test_linked_parts_need_no_disk(parts, tmp_path):
    (tmp_path / "3.npy").touch()
    local = [{"embeddings": str(tmp_path / "{part}.npy"), "metadata": "http://127.0.0.1:9/{part}.parquet"}]
    assert "about 4.0 MB of parts" in disk.forecast(JOBS, SETTINGS | {"mirrors": local}, 1)[0]


def test_a_later_part_that_no_mirror_has_does_not_stop_the_run(tmp_path, monkeypatch):
    """Only the first part of all is looked up, even if it is linked: the others may come by then."""
    monkeypatch.chdir(tmp_path)
    for name in ("3.npy", "3.parquet"):
        (tmp_path / name).write_bytes(b"12345")
    local = [{"embeddings": str(tmp_path / "{part}.npy"), "metadata": str(tmp_path / "{part}.parquet")}]
    _, warnings = disk.forecast(JOBS, SETTINGS | {"mirrors": local}, 1)  # there is no 4.parquet
    assert not warnings


def test_a_disk_that_is_too_small_for_what_no_mirror_tells(parts):
    (Path("parts") / "img_emb_0002.npy").unlink()
    with pytest.raises(SpaceError, match="That does not fit"):
        disk.forecast(JOBS, SETTINGS | {"dimensions": 10**12}, 1)
    _, warnings = disk.forecast(JOBS, SETTINGS | {"check_space": False}, 1)
    assert [text.partition(".")[0] for text in warnings] == ["No mirror says how large img_emb_0003"]


def test_what_will_be_linked(tmp_path):
    there, missing, remote = tmp_path / "there", tmp_path / "missing", "http://127.0.0.1:9/x"
    there.write_text("x")
    table = {(there,): True, (missing,): False, (missing, there): True, (remote, there): False, (there, remote): True}
    assert {urls: disk.is_linked(list(map(str, urls))) for urls in table} == table


def test_a_mirror_that_says_nothing_is_reported(tmp_path):
    (tmp_path / "there.npy").write_bytes(b"12345")
    addresses = {
        tmp_path / "img_emb_0001.npy": ["http://127.0.0.1:9/x", str(tmp_path / "there.npy")],
        tmp_path / "metadata_0001.parquet": ["http://127.0.0.1:9/x"],
    }
    size, warnings = disk.size_of_part(tmp_path / "parts", addresses, 768)
    assert (size.embeddings, size.metadata) == (5, 180_000_000)
    assert warnings == ["No mirror says how large metadata_0001.parquet is. The run tries to download it anyway."]


@pytest.fixture
def mirrors(tmp_path):
    """Yield the addresses of mirrors: without files, overloaded, gone; a folder without files, one named as the file."""
    (tmp_path / "itself" / "1.npy").mkdir(parents=True)
    with (
        MirrorServer(tmp_path / "none") as empty,
        MirrorServer(tmp_path, faulty(Fault(status=503), forever=True)) as overloaded,
    ):
        yield {"empty": empty.url, "overloaded": overloaded.url, "gone": "http://127.0.0.1:9", "folder": str(tmp_path),
               "itself": str(tmp_path / "itself")}  # fmt: skip


def asked(mirrors, *names):
    addresses = {Path(f"img_emb_{part:04d}.npy"): [f"{mirrors[name]}/{part}.npy" for name in names] for part in (2, 1)}
    size, warnings = disk.size_of_part(Path("nowhere"), addresses, 1)
    return None if warnings else size.embeddings


@pytest.mark.parametrize("names", [["empty"], ["folder"], ["itself"], ["empty", "folder"]])
def test_a_first_part_that_no_mirror_has(mirrors, names):
    with pytest.raises(DownloadError, match="check the addresses in `mirrors` in config.yaml") as caught:
        asked(mirrors, *names)
    assert str(caught.value).startswith("img_emb_0001.npy, the first of its kind: found no mirror that has it (")
    for name, reason in (("empty", "HTTP status 404"), ("folder", "No such file"), ("itself", "Is a directory")):
        assert (f"{mirrors[name]}/1.npy: {reason}" in str(caught.value)) == (name in names)


@pytest.mark.parametrize("names", [["overloaded"], ["gone"], ["empty", "overloaded"], ["gone", "folder"]])
def test_a_mirror_that_does_not_answer_may_have_it(mirrors, names):
    assert asked(mirrors, *names) is None


def test_a_mirror_that_denies_a_file_until_it_is_fetched(tmp_path):
    (tmp_path / "1.npy").write_bytes(b"12345")
    with MirrorServer(tmp_path, faulty(Fault(status=404, method="HEAD"), forever=True)) as mirror:
        assert asked({"it": mirror.url}, "it") == 5
