"""What stands in a working directory, told from its files."""

import json
import os

import pytest

from laion2b.run.status import look
from laion2b.run.table import describe_part, describe_product, table

SETTINGS = {"mirrors": [{"embeddings": "https://x.example/{part}.npy?y", "metadata": "/m"}], "keep_shards": True}
SETTINGS |= {"name": "laion2B", "columns": ["url"], "keep": [], "drop": None, "keep_only": None}
REFUSED = "could not be downloaded. The last one: HTTP status 404"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(here):
    def write(name: str, content: str | int = 10) -> None:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else "x" * content)

    return write


def note(total: int) -> str:
    return json.dumps({"url": "https://x.example", "total": total})


def part(number: int = 1, **settings):
    return look(SETTINGS | settings, [number], []).parts[0]


def test_an_empty_folder():
    status = look(SETTINGS, range(1, 112), [11])
    assert table(status).splitlines() == [
        "  part          disk  state",
        "1..111       0 bytes  missing",
        "111 missing.",
        "On disk: 0 bytes of parts, 0 bytes of shards, 0 bytes of products.",
        "laion2B-11.h5: missing",
        "metadata-11.tsv: missing",
    ]
    assert not status.is_running
    assert status.bytes_of_parts() == (0, None)


def test_a_part_on_its_way(write):
    assert describe_part(part()) == "missing"
    write("parts/img_emb_0001.npy.part", 250)
    assert describe_part(part()) == "partial: 250 bytes of img_emb_0001.npy"
    write("parts/img_emb_0001.npy.part.json", note(1000))
    assert describe_part(part()) == "partial: 250 bytes of 1.0 kB (25%) of img_emb_0001.npy"
    write("parts/metadata_0001.parquet")
    assert describe_part(part()).endswith("(25%) of img_emb_0001.npy and all of metadata_0001.parquet")
    write("parts/img_emb_0001.npy.part", 1000)
    assert part().state == "partial"  # all bytes, but perhaps not sound
    write("parts/img_emb_0001.npy", 1000)
    assert describe_part(part()) == "downloaded"
    for ending in ("h5", "tsv"):
        write(f"shards/0001.{ending}")
    assert describe_part(part()) == "downloaded"
    write("shards/0001.json")
    assert describe_part(part()) == "filtered"


def test_a_shard_that_is_gone_counts_only_where_shards_are_not_kept(write):
    write("shards/0001.json")
    assert part().state == "missing"
    assert part(keep_shards=False).state == "filtered"


@pytest.mark.parametrize("ending", [".npy", ".npz", ".h5"])
def test_embeddings_of_any_form(write, ending):
    write("parts/metadata_0001.parquet")
    write(f"parts/img_emb_0001{ending}")
    assert part().state == "downloaded"


def test_linked_parts_are_there_and_take_no_disk(write, here):
    write("original", 100_000)
    write("parts/metadata_0001.parquet")
    (here / "parts" / "img_emb_0001.npy").symlink_to(here / "original")
    assert part().state == "downloaded"
    assert part().files[0].have == 100_000
    assert part().disk < 50_000
    (here / "original").unlink()
    assert describe_part(part()) == "partial: all of metadata_0001.parquet"


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ({"ended": "well"}, None),
        ({"ended": "interrupted"}, None),
        (None, None),
        ({"ended": "error", "error": REFUSED, "do": "wait"}, f"{REFUSED}."),
        ({"ended": None}, "It ended without a word: killed, out of memory or time, or its node failed?"),
    ],
)
def test_the_last_error(write, outcome, error):
    write("logs/download/metadata_0001.parquet.log", "2026-01-01 ERROR an old story, or one of an earlier version\n")
    if outcome:
        write("logs/download/metadata_0001.parquet.json", json.dumps(outcome))
    write("parts/img_emb_0001.npy.part", 250)
    assert part().error == error
    assert part().state == ("failed" if error else "partial")
    if error:
        assert describe_part(part()) == f"failed, with 250 bytes of img_emb_0001.npy: {error}"
    write("parts/metadata_0001.parquet")
    assert part().error is None  # it has come since, from elsewhere


def test_a_part_that_could_not_be_filtered(write):
    write("parts/img_emb_0001.npy")
    write("parts/metadata_0001.parquet")
    pieces = {"error": "parts/img_emb_0001.npy: found a, expected b", "cause": "c", "do": "d"}
    write("logs/filter/0001.json", json.dumps({"ended": "error"} | pieces))
    assert part().error == "parts/img_emb_0001.npy: found a, expected b. Likely cause: c."


def test_a_job_at_work_has_not_failed(write):
    write("logs/filter/0001.json", '{"ended": null}')
    write("parts/img_emb_0001.npy")
    write("parts/metadata_0001.parquet")
    write(".snakemake/locks/0.output.lock")
    assert part().state == "downloaded"
    assert "A run is at work here" in table(look(SETTINGS, [1], []))


def test_errors_of_another_run_do_not_count_in_this_one(write, here):
    write("logs/filter/0001.json", '{"ended": "error", "error": "an old story"}')
    outcome = here / "logs" / "filter" / "0001.json"
    write("parts/img_emb_0001.npy")
    write("parts/metadata_0001.parquet")
    before = {outcome.relative_to(here): outcome.stat().st_mtime_ns}
    assert look(SETTINGS, [1], [], before).parts[0].state == "downloaded"
    os.utime(outcome, ns=(0, 0))
    assert look(SETTINGS, [1], [], before).parts[0].state == "failed"


def test_111_parts_that_failed_alike_share_a_line(write):
    for number in range(1, 112):
        name = f"img_emb_{number:04d}.npy"
        error = {"ended": "error", "error": f"parts/{name} could not be downloaded: HTTP status 404"}
        write(f"logs/download/{name}.json", json.dumps(error))
    write("parts/img_emb_0005.npy.part", 7)
    lines = table(look(SETTINGS, range(1, 112), [])).splitlines()
    assert [line.split(maxsplit=3)[0] for line in lines[1:4]] == ["1..4", "5", "6..111"]
    assert lines[1].endswith("failed: parts/img_emb_{part}.npy could not be downloaded: HTTP status 404.")
    assert "7 bytes of img_emb_0005.npy: parts/img_emb_0005.npy could" in lines[2]
    assert lines[4] == "111 failed."


def test_products(write):
    write("laion2B-3.h5", 1500)
    write("metadata-4.tsv.tmp", 10)
    write("logs/concatenate_embeddings/4.json", '{"ended": "error", "error": "shards/0001.h5: found a, expected b"}')
    write("metadata-x.tsv", 10)
    status = look(SETTINGS, [1], [4])
    assert {product.name: describe_product(product) for product in status.products} == {
        "laion2B-4.h5": "failed: shards/0001.h5: found a, expected b.",
        "metadata-4.tsv": "begun",
        "laion2B-3.h5": "1.5 kB",
    }
    assert not status.is_complete
    assert look(SETTINGS, [1], []).is_complete


def test_disk_is_what_blocks_take_and_counts_every_file(write, here):
    write("parts/img_emb_0099.npy", 100_000)
    with (here / "laion2B-3.h5").open("wb") as file:
        file.truncate(10**9)  # sparse
    status = look(SETTINGS, [1], [])
    assert status.parts[0].disk == 0
    assert 100_000 <= status.disk["parts"] < 200_000
    assert status.disk["products"] < 10**8


def test_the_bytes_of_all_parts_are_guessed_from_those_that_are_known(write):
    write("parts/img_emb_0001.npy.part", 250)
    write("parts/img_emb_0001.npy.part.json", note(1000))
    write("parts/metadata_0001.parquet", 30)
    assert look(SETTINGS, [1, 2, 3], []).bytes_of_parts() == (280, 3090)
    write("shards/0002.json")  # filtered, and its part deleted
    assert look(SETTINGS | {"keep_shards": False}, [1, 2, 3], []).bytes_of_parts() == (1310, 3090)


def test_parts_without_metadata_have_one_file_and_no_tsv(here):
    (here / "shards").mkdir()
    for ending in (".h5", ".json"):
        (here / "shards" / f"0001{ending}").write_bytes(b"x")
    status = look(SETTINGS | {"columns": []}, [1], [1])
    assert [file.name for file in status.parts[0].files] == ["img_emb_0001.npy"]
    assert status.parts[0].state == "filtered"
    assert [product.name for product in status.products] == ["laion2B-1.h5"]
