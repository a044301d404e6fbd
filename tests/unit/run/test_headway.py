"""How far a long job is, as it notes in its log."""

import logging

from laion2b.run import headway
from laion2b.run.headway import NOTES, Headway


def test_a_job_notes_how_far_it_is_and_that_is_read(tmp_path, caplog):
    caplog.set_level(logging.INFO, "laion2b")
    job = Headway(1000, "bytes")
    job.add(1)
    assert not caplog.messages
    job.add(399)
    assert caplog.messages == ["400 of 1,000 bytes so far."]
    for _ in range(600):
        job.add(1)
    assert len(caplog.messages) <= NOTES
    log = tmp_path / "job.log"
    log.write_text("".join(f"2026-11-24 12:00:00,000 INFO {text}\n" for text in [*caplog.messages, "another thing"]))
    assert headway.read(log) == (1000, 1000)


def test_a_job_without_work_or_without_a_note(tmp_path, caplog):
    caplog.set_level(logging.INFO, "laion2b")
    Headway(0, "rows").add(0)
    assert not caplog.messages
    (tmp_path / "job.log").write_text("INFO 3 of 4 rows kept.\n")
    assert headway.read(tmp_path / "job.log") is None
    assert headway.read(tmp_path / "none.log") is None


def test_the_files_that_a_job_copies_are_the_total(tmp_path, caplog):
    caplog.set_level(logging.INFO, "laion2b")
    (tmp_path / "a").write_bytes(bytes(1000))
    Headway.of_files([tmp_path / "a", tmp_path / "missing"]).add(500)
    assert caplog.messages == ["500 of 1,000 bytes so far."]
