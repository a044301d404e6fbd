"""What a run that ended well says at its end."""

from dataclasses import asdict
from pathlib import Path

import pytest

from laion2b.files import write_json
from laion2b.parts import record
from laion2b.run.outcome import WELL, Job, snapshot
from laion2b.run.summary import summary
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard

DEFINITION = Definition(keep=[], columns=["url"], dimensions=2, version=1).content()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for part, rows in (("0001", 90), ("0002", 30)):
        write_json(Path(f"shards/{part}.json"), asdict(Shard(part, rows, rows // 2, DEFINITION, "", "", 0)))
    for name, size in (("laion2B-2.h5", 5000), ("metadata-2.tsv", 70)):
        Path(name).write_bytes(bytes(size))


def write(*logs):
    for name in logs:
        log = Path("logs") / name
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        Job(log).end(WELL)


def said(*logs):
    before = snapshot(Path())
    write(*logs)
    return summary(
        before, 3661, DEFINITION, {"first_part": 1, "last_part": 9, "holes": [], "name": "laion2B"}
    ).splitlines()


def test_products_of_the_run_and_no_others():
    write("concatenate_metadata/2.log")
    lines = said("filter/0002.log", "concatenate_embeddings/2.log")
    assert lines[:2] == ["Parts 1..2. Rows in: 120. Rows kept: 60 (50.00%).", "  laion2B-2.h5  5.0 kB"]
    assert "metadata-2.tsv" not in "".join(lines)
    assert lines[2:] == [
        "Next, with the options of this run, such as --directory: check both products, then write a page about them:",
        "  snakemake --cores 2 verify-2.json",
        "  snakemake --cores 2 laion2b-report.html",
        "The run took 1:01:01.",
    ]


def test_a_gold_standard_alone():
    Path("gold-2.h5").write_bytes(bytes(3000))
    assert said("search/0001.log", "search/0002.log", "merge/2.log") == [
        "Gold standards:",
        "  gold-2.h5  3.0 kB",
        "Next: `bin/laion2b recall` measures a search by a gold standard.",
        "The run took 1:01:01.",
    ]


def test_shards_alone():
    assert said("filter/0002.log")[0] == "Shards built: 1. Rows in: 30. Rows kept: 15 (50.00%)."


def test_files_that_came():
    file = Path("parts/metadata_0002.parquet")
    file.parent.mkdir()
    file.write_bytes(bytes(2000))
    attempts = [{"url": "http://a/b", "at": record.now(), "bytes": 0, "result": "x"}] * 3
    record.write(file, url="http://a/b", stat=file.stat(), sha256="", started=record.now(), attempts=attempts)
    lines = said(
        "download/metadata_0002.parquet.log", "download/img_emb_0002.npy.log"
    )  # of the latter there is no record
    assert lines[0] == "Files of parts: 1 downloaded or linked, 2.0 kB, in 3 attempts."


def test_a_run_that_looked_at_products():
    assert said("verify/2.log")[0] == "Next: `laion2b-report.html` shows what is in the products, as a page."
    assert said("verify/2.log", "report/report.log")[0] == "Next: Open laion2b-report.html in a browser."


def test_a_run_that_did_nothing():
    assert said() == []
