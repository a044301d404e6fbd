"""The report of a working directory: what it tells, when it is made anew, and that it makes nothing else."""

import json
import re
import shutil

import h5py
import pytest

from tests.harness import products

REPORT = "report.html"
SECTIONS = [
    "rows", "kept", "tags", "norms", "duplicates", "captions", "domains", "components", "downloads", "rules",
]  # fmt: skip


@pytest.fixture
def finished(work, mirror):
    """Return a working directory in which the subset 2 stands."""
    work.configure(mirror.url)
    work.run(*products(2))
    mirror.requests.clear()
    return work


def files(folder):
    kept = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] not in
            (".snakemake", "logs", REPORT)]  # fmt: skip
    return {path: path.stat().st_mtime_ns for path in kept}


def section(page, name):
    return re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1]


def test_report_tells_what_stands_and_makes_nothing_else(finished, mirror):
    before = files(finished.folder)
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    assert files(finished.folder) == before
    assert not mirror.requests
    page = (finished.folder / REPORT).read_text()
    assert re.findall(r'<section id="(\w+)">', page) == SECTIONS
    rows = len(finished.embeddings(2))
    assert f"{rows:,}" in section(page, "rows")
    assert "no official figure for this configuration" in section(page, "rows")
    assert f"Of {90 + 31:,} rows in 2 parts, {rows:,} were kept" in section(page, "kept")
    assert "127.0.0.1" in section(page, "downloads")
    for rule in ("download", "filter", "concatenate_embeddings", "concatenate_metadata"):
        assert rule in section(page, "rules")
    assert "<svg" in section(page, "components")
    assert "Nothing to be done" in finished.run(REPORT)


def test_report_is_made_anew_when_something_is_newer(finished):
    finished.run(REPORT)
    (finished.folder / "verify-2.json").write_text(json.dumps({"other": 1}))
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    with h5py.File(finished.folder / "laion2B-2.h5", "r+") as file:
        file["emb"][0] = 0
    before = section((finished.folder / REPORT).read_text(), "norms")
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    assert section((finished.folder / REPORT).read_text(), "norms") != before
    finished.run(*products(3))
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    assert "laion2B-3.h5" in (finished.folder / REPORT).read_text()


def test_without_a_product_there_is_no_report(work, mirror):
    work.configure(mirror.url)
    output = work.run(REPORT, ok=False)
    assert "there is no laion2B-N.h5 or metadata-N.tsv here" in output
    assert not mirror.requests
    assert not (work.folder / REPORT).exists()
    assert not (work.folder / "parts").exists()


def test_report_of_what_is_left(finished):
    for folder in ("parts", "logs"):
        shutil.rmtree(finished.folder / folder)
    (finished.folder / "metadata-2.tsv").unlink()
    finished.configure("http://127.0.0.1:9", columns=["url"])
    finished.run(REPORT)
    page = (finished.folder / REPORT).read_text()
    assert "no records of shards made by this configuration" in section(page, "kept")
    assert "There is no metadata-N.tsv here" in section(page, "captions")
    assert "tell of no downloads" in section(page, "downloads")


def test_columns_that_are_configured_away(work, mirror):
    work.configure(mirror.url, columns=["url"])
    work.run(*products(1))
    work.run(REPORT)
    page = (work.folder / REPORT).read_text()
    assert "leaves the column caption out" in section(page, "captions")
    assert "leaves the column NSFW out" in section(page, "components")
    assert "<svg" in section(page, "domains")
