"""The disk that a run needs."""

from pathlib import Path

import pytest

from laion2b import space
from laion2b.errors import SpaceError

PART = space.Pair(1000, 100)


def plan(downloads=(3, 3), shards=3, embeddings=(3,), metadata=(3,), fetched=True):
    names = [f"img_emb_{n}.npy" for n in range(downloads[0])] + [f"metadata_{n}.parquet" for n in range(downloads[1])]
    return space.Plan(
        {Path("nowhere", name): fetched for name in names},
        [Path("nowhere", str(number)) for number in range(3 * shards)],
        {Path("nowhere", f"{number}.h5"): number for number in embeddings},
        {Path("nowhere", f"{number}.tsv"): number for number in metadata},
    )


@pytest.mark.parametrize(
    ("planned", "keep_parts", "expected"),
    [
        (plan(), True, (3300, 3300, 3300)),
        (plan(fetched=False), True, (0, 3300, 3300)),
        (plan((0, 5)), True, (500, 3300, 3300)),
        (plan((100, 100)), False, (2200, 3300, 3300)),
        (plan((1, 1)), False, (1100, 3300, 3300)),
        (plan((0, 0), 0, (1, 2), ()), True, (0, 0, 3000)),
        (plan((0, 0), 0, (), (1, 2)), True, (0, 0, 300)),
    ],
)
def test_need(planned, keep_parts, expected):
    assert space.need(planned, PART, keep_parts=keep_parts, at_once=2) == space.Need(*expected)


def test_what_is_there_already_is_not_needed_again(tmp_path):
    files = {
        name: tmp_path / name for name in ("img_emb_1.npy", "1.h5", "1.tsv", "1.json", "laion2B-1.h5", "metadata-1.tsv")
    }
    for name, size in {"img_emb_1.npy.part": 400, "1.h5": 950, "1.tsv": 90, "laion2B-1.h5": 5000}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    planned = space.Plan(
        {files["img_emb_1.npy"]: True},
        [files["1.h5"], files["1.tsv"], files["1.json"]],
        {files["laion2B-1.h5"]: 1},
        {files["metadata-1.tsv"]: 1},
    )
    assert space.need(planned, PART, keep_parts=True, at_once=1) == space.Need(600, 60, 0)


def test_a_part_is_measured_then_asked_for_then_assumed(tmp_path):
    assert space.typical_part(tmp_path, 768, lambda stem: None) == space.Pair(938_705 * 1536, 180_000_000)
    assert space.typical_part(tmp_path, 768, {"img_emb": 7, "metadata": 8}.get) == space.Pair(7, 8)
    for name, size in {
        "img_emb_0001.npy": 10,
        "img_emb_0002.npy": 20,
        "img_emb_0002.npy.json": 9,
        "img_emb_3.npy.part": 1,
    }.items():
        (tmp_path / name).write_bytes(b"x" * size)
    assert space.typical_part(tmp_path, 768, {"img_emb": 7, "metadata": 8}.get) == space.Pair(15, 8)


def folders(tmp_path):
    return {kind: tmp_path / "not yet there" / kind for kind in ("parts", "shards", "products")}


DEFAULTS = {"keep_parts": True, "keep_shards": True, "layout": "contiguous", "check_space": True}


def test_a_run_that_fits(tmp_path):
    sentence = space.check(space.Need(1, 2, 3), folders(tmp_path), DEFAULTS)
    assert sentence.startswith(
        "This run will write about 1 bytes of parts, 2 bytes of shards and 3 bytes of products; 6 bytes"
    )


@pytest.mark.parametrize(
    ("need", "settings", "advice"),
    [
        (space.Need(10**17, 0, 0), {}, {"`keep_parts: false`"}),
        (space.Need(10**17, 0, 0), {"keep_parts": False}, set()),
        (space.Need(0, 0, 10**17), {}, {"`layout: virtual`"}),
        (space.Need(0, 0, 10**17), {"layout": "virtual"}, set()),
        (space.Need(0, 0, 10**17), {"keep_shards": False}, set()),
    ],
)
def test_a_run_that_does_not_fit(tmp_path, need, settings, advice):
    with pytest.raises(SpaceError, match="That does not fit") as caught:
        space.check(need, folders(tmp_path), DEFAULTS | settings)
    assert {each for each in ("`keep_parts: false`", "`layout: virtual`") if each in str(caught.value)} == advice
    assert "That does not fit" in space.check(need, folders(tmp_path), DEFAULTS | settings | {"check_space": False})


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1.44e9, "1.4 GB"), (1.6e14, "160,000.0 GB")],
)
def test_readable(size, text):
    assert space.readable(size) == text
