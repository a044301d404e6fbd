"""What a failed run says at its end."""

from laion2b.failures import snapshot, summary


def write(folder, logs):
    for name, text in logs.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def test_logs_tell_which_jobs_failed_and_why(tmp_path):
    write(tmp_path, {"download/img_emb_0006.npy.log": "2026-01-01 ERROR an old story\n"})
    before = snapshot(tmp_path)
    write(
        tmp_path,
        {
            "filter/0001.log": "2026-01-01 INFO 390 rows\n2026-01-01 INFO done\n",
            "filter/0002.log": "2026-01-01 ERROR x.npy: found a, expected b.\n",
            "filter/0003.log": "2026-01-01 INFO on node1\n",
            "filter/0004.log": "",
            "filter/0005.log": "2026-01-01 INFO on node1\n2026-01-01 ERROR interrupted.\n",
            "download/img_emb_0004.npy.log": "2026-01-01 ERROR could not be downloaded. All attempts:\n  first\n  second\n",
        },
    )
    assert [line.partition(" (log: ")[0] for line in summary(tmp_path, before).splitlines()] == [
        "What failed, and why:",
        "- download img_emb_0004.npy: could not be downloaded. All attempts:",
        "- filter 0002: x.npy: found a, expected b.",
        "- filter 0003: it ended without a word: killed, out of memory or time, or its node went away?",
        "Interrupted, by Ctrl-C, or on a cluster by scancel or a time limit: filter 0005.",
        "Ended without a word as they started (the scheduler's own log, named above, may tell why), or not started because a "
        "job submitted together with them failed: filter 0004.",
        "Run the same command again to go on; what was finished is not done again.",
    ]


def test_clocks_are_not_compared(tmp_path):
    write(tmp_path, {"filter/0001.log": "2026-01-01 ERROR an old story\n"})
    assert summary(tmp_path, snapshot(tmp_path)).startswith("The run ended before its jobs could say why")
    before = {log: written + 3600 * 10**9 for log, written in snapshot(tmp_path).items()}  # a clock an hour ahead
    assert summary(tmp_path, before).startswith("What failed, and why:\n- filter 0001: an old story")


def test_of_many_interrupted_jobs_a_few_are_named(tmp_path):
    write(tmp_path, {f"filter/{part:04d}.log": "2026-01-01 ERROR interrupted.\n" for part in range(9)})
    assert "filter 0003, filter 0004 and 4 more.\n" in summary(tmp_path, {})
