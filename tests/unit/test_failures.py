"""What a failed run says at its end."""

import os

from laion2b.failures import failed_jobs, summary


def test_logs_tell_which_jobs_failed_and_why(tmp_path):
    logs = {
        "filter/0001.log": "2026-01-01 INFO 390 rows\n2026-01-01 INFO done\n",
        "filter/0002.log": "2026-01-01 ERROR x.npy: found a, expected b.\n",
        "filter/0003.log": "2026-01-01 INFO begun\n",
        "download/img_emb_0004.npy.log": "2026-01-01 ERROR could not be downloaded. All attempts:\n  first\n  second\n",
        "download/img_emb_0005.npy.log": "",
        "download/img_emb_0006.npy.log": "2026-01-01 ERROR an old story\n",
    }
    for name, text in logs.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        os.utime(path, (100, 100) if "0006" in name else (300, 300))
    assert [line.partition(" (log: ")[0] for line in failed_jobs(tmp_path, since=200)] == [
        "download img_emb_0004.npy: could not be downloaded. All attempts:",
        "download img_emb_0005.npy: it ended without a word: killed, or out of memory or time?",
        "filter 0002: x.npy: found a, expected b.",
        "filter 0003: it ended without a word: killed, or out of memory or time?",
    ]
    assert summary(tmp_path, 200).count("\n- ") == 4
    assert summary(tmp_path, 400).startswith("The run ended before its jobs could say why")


def test_an_interrupted_run_is_not_a_list_of_failures(tmp_path):
    (tmp_path / "filter").mkdir()
    (tmp_path / "filter" / "0001.log").write_text("2026-01-01 ERROR interrupted.\n")
    assert summary(tmp_path, 0).startswith("The run was interrupted.\nRun the same command again")
