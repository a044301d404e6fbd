"""The disk that a run needs for the files that it will write, and Snakemake's refusals."""

from pathlib import Path

import pytest

from laion2b import forecast
from laion2b.errors import ConfigError, SpaceError

SETTINGS = {
    "mirrors": [{"embeddings": "http://127.0.0.1:9/{part}.npy", "metadata": "http://127.0.0.1:9/{part}.parquet"}],
    "dimensions": 768,
    "first_part": 2,
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


@pytest.fixture(autouse=True)
def parts(tmp_path, monkeypatch):
    """Make a part of 7 + 2 MB, after which the others are estimated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    for name, size in (("img_emb_0002.npy", 7_000_000), ("metadata_0002.parquet", 2_000_000)):
        with (tmp_path / "parts" / name).open("wb") as file:
            file.truncate(size)


def silent(text: str) -> None:
    pytest.fail(text)


@pytest.mark.parametrize(
    ("settings", "need"),
    [
        ({}, "11.0 MB of parts, 9.0 MB of shards and 25.0 MB of products; 45.0 MB of it"),
        ({"layout": "virtual"}, "11.0 MB of parts, 9.0 MB of shards and 4.0 MB of products; 24.0 MB of it"),
        ({"keep_parts": False}, "9.0 MB of parts, 9.0 MB of shards and 25.0 MB of products; 43.0 MB of it"),
    ],
)
def test_each_file_counts_as_what_it_is(settings, need):
    said = forecast.disk(OUTPUTS, SETTINGS | settings, 1, silent)
    assert said.startswith(f"This run will write about {need}")


def test_linked_parts_need_no_disk(tmp_path):
    (tmp_path / "3.npy").touch()
    local = [{"embeddings": str(tmp_path / "{part}.npy"), "metadata": "http://127.0.0.1:9/{part}.parquet"}]
    assert "about 4.0 MB of parts" in forecast.disk(OUTPUTS, SETTINGS | {"mirrors": local}, 1, silent)


def test_a_disk_that_is_too_small_for_what_no_mirror_tells():
    (Path("parts") / "img_emb_0002.npy").unlink()
    warnings = []
    with pytest.raises(SpaceError, match="That does not fit"):
        forecast.disk(OUTPUTS, SETTINGS | {"dimensions": 10**12}, 1, warnings.append)
    assert [text.partition(".")[0] for text in warnings] == ["No mirror says how large img_emb_0003"]


def test_a_run_that_would_not_start(tmp_path):
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text("rule all:\n    input: 'nowhere'\n")
    with pytest.raises(ConfigError, match="(?s)The next run would not start. Snakemake says:.*nowhere"):
        forecast.dry_run(snakefile, ["all"])
