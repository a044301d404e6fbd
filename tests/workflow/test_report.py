"""The report of a working directory: what it says, when it is made again, and that it makes nothing else."""

import json
import re
import shutil

import h5py
import pytest

from tests.support.harness import products

REPORT = "laion2b-report.html"
SECTIONS = ["rows", "parts", "samples", "gold", "embeddings", "texts", "work"]


@pytest.fixture
def finished(build):
    """Return a working directory in which the subset 2 is built."""
    return build(2)


def files(folder):
    kept = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] not in
            (".snakemake", "logs", REPORT)]  # fmt: skip
    return {path: path.stat().st_mtime_ns for path in kept}


def section(page, name):
    return re.search(rf'<section id="{name}">(.*?)</section>', page, re.DOTALL)[1]


def test_report_shows_what_exists_and_makes_nothing_else(finished, mirror):
    before = files(finished.folder)
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    assert files(finished.folder) == before
    assert not mirror.requests
    page = (finished.folder / REPORT).read_text()
    assert re.findall(r'<section id="(\w+)">', page) == SECTIONS
    rows = len(finished.embeddings(2))
    assert f"{rows:,}" in section(page, "rows")
    assert "no official figure for this configuration" in section(page, "rows")
    assert f"Of {90 + 31:,} rows in 2 parts, {rows:,} were kept" in section(page, "parts")
    assert "127.0.0.1" in section(page, "work")
    for rule in ("download", "filter", "concatenate_embeddings", "concatenate_metadata"):
        assert rule in section(page, "work")
    assert section(page, "parts").count('class="chart"') > 1
    assert "nearest rows in a sample" in section(page, "samples")
    assert "not checked yet: request verify-2.json" in page
    assert "made up" not in page  # no sign of the demo
    assert "Nothing to be done" in finished.run(REPORT)


def test_report_is_made_again_when_something_is_newer(finished):
    finished.run(REPORT)
    verified = finished.folder / "verify-2.json"
    verified.write_text(json.dumps({"other": 1}))
    assert finished.jobs(finished.run("-n", REPORT)) == {"report": 1}
    verified.unlink()
    with h5py.File(finished.folder / "laion2B-2.h5", "r+") as file:
        file["emb"][0] = 0
    before = section((finished.folder / REPORT).read_text(), "embeddings")
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    assert section((finished.folder / REPORT).read_text(), "embeddings") != before
    finished.run(*products(3))
    assert finished.jobs(finished.run(REPORT)) == {"report": 1}
    assert "laion2B-3.h5" in (finished.folder / REPORT).read_text()


def test_without_a_product_there_is_no_report(work, mirror):
    work.configure(mirror.url)
    output = work.run(REPORT, ok=False)
    assert "there are none here: no laion2B-N.h5 and no metadata-N.tsv" in output
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
    assert "no records of shards with this configuration" in section(page, "parts")
    assert "There is no metadata-N.tsv here" in section(page, "texts")
    assert "list no downloads" in section(page, "work")


def test_columns_that_are_configured_away(work, mirror):
    work.configure(mirror.url, columns=["url"])
    work.run(*products(1))
    work.run(REPORT)
    page = (work.folder / REPORT).read_text()
    assert "leaves the column caption out" in section(page, "texts")
    assert "leaves the column caption out" in section(page, "samples")
    assert 'class="chart"' in section(page, "texts")


def test_the_report_of_snakemake_shows_descriptions_and_checks_and_leaves_ours_alone(finished):
    targets = ("laion2B-2.json", "verify-2.json", REPORT)
    finished.run(*targets)
    ours = (finished.folder / REPORT).read_bytes()
    finished.run(*targets, "--report")
    theirs = (finished.folder / "report.html").read_text()
    for name in ("laion2B-2.json", "croissant-2.json", "SHA256SUMS-2", "verify-2.json", REPORT):
        assert f'"name": "{name}"' in theirs
    assert "for catalogues and loaders" in theirs  # a caption
    assert (finished.folder / REPORT).read_bytes() == ours
