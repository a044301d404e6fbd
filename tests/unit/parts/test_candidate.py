"""When a mirror is asked again, and when it is given up. The clock is an argument."""

import pytest

from laion2b.files import write_json
from laion2b.parts.candidate import BACK_OFF_LIMIT, Candidate
from laion2b.parts.failure import AttemptFailedError, Cause, ResumeFailedError
from laion2b.parts.http import Limits
from laion2b.parts.signs import Signs

URL = "https://mirror.example/x.npy"
LIMITS = Limits(attempts=3, patience=3600, back_off=1)
AWAY = AttemptFailedError("away", Cause.AWAY)
BAD = AttemptFailedError("bad")


def fail(candidate: Candidate, error: AttemptFailedError, now: float, progress: bool = False, in_vain: bool = False):
    candidate.failed(error, LIMITS, now, progress=progress, in_vain=in_vain)


def test_a_mirror_that_is_away_is_waited_for_until_patience_is_over():
    candidate, now, requests = Candidate(URL), 1000.0, 0
    while not candidate.given_up:
        fail(candidate, AWAY, now)
        requests += 1
        assert now < candidate.not_before <= now + BACK_OFF_LIMIT or candidate.given_up
        now = candidate.not_before
    assert now - 1000 == pytest.approx(LIMITS.patience, abs=LIMITS.back_off)
    assert 20 < requests < 60


def test_bytes_renew_patience():
    candidate = Candidate(URL)
    fail(candidate, AWAY, 0)
    fail(candidate, AWAY, 3000, progress=True)
    fail(candidate, AWAY, 6000)
    assert not candidate.given_up
    fail(candidate, AWAY, 6600)
    assert candidate.given_up


def test_bad_answers_are_counted_and_time_is_not():
    candidate = Candidate(URL)
    for _ in range(2):
        fail(candidate, BAD, 0)
    fail(candidate, AWAY, 1)
    assert not candidate.given_up
    fail(candidate, AWAY, 1, in_vain=True)
    assert candidate.given_up


def test_what_can_not_heal_ends_at_once():
    candidate = Candidate(URL)
    fail(candidate, AttemptFailedError("HTTP status 404", Cause.ADDRESS, final=True), 0)
    assert candidate.given_up


@pytest.mark.parametrize("failures", [0, 5])
@pytest.mark.parametrize("wait", [None, 0, 1])
def test_a_retry_after_never_shortens_the_back_off(failures, wait):
    candidate = Candidate(URL, failures=failures)
    fail(candidate, AttemptFailedError("busy", Cause.AWAY, wait=wait), 100)
    assert candidate.not_before >= 100 + 0.5 * 2**failures


def test_a_retry_after_is_obeyed():
    candidate = Candidate(URL)
    fail(candidate, AttemptFailedError("busy", Cause.AWAY, wait=600), 100)
    assert candidate.not_before == 700


def test_the_whole_file_is_asked_for_once_when_resuming_has_failed():
    candidate = Candidate(URL)
    fail(candidate, ResumeFailedError("no"), 0)
    assert candidate.whole
    fail(candidate, AWAY, 1)
    assert not candidate.whole


@pytest.fixture
def busy(tmp_path):
    """Return a mirror that has had too many connections again and again, since the time 0."""
    candidate = Candidate(URL, failures=20)
    candidate.signs = Signs(tmp_path / "x.npy", URL)
    fail(candidate, AttemptFailedError("busy", Cause.AWAY, wait=1, busy=True), 0)
    assert candidate.not_before > BACK_OFF_LIMIT / 2
    return candidate


def test_a_busy_mirror_is_asked_again_when_it_has_finished_a_file_of_another_download(busy, tmp_path):
    busy.look_around(10)
    assert busy.not_before > BACK_OFF_LIMIT / 2
    write_json(tmp_path / "y.npy.json", {"url": "https://mirror.example/y.npy"})
    busy.look_around(20)
    assert (busy.alive, busy.not_before) == (20, 20)


def test_but_not_sooner_than_it_said(busy, tmp_path):
    write_json(tmp_path / "y.npy.json", {"url": "https://mirror.example/y.npy"})
    busy.look_around(0.5)
    assert busy.not_before == 1


def test_a_busy_mirror_from_which_others_get_bytes_is_not_away(busy, tmp_path):
    write_json(tmp_path / "y.npy.part.json", {"url": "https://mirror.example/y.npy", "total": 9})
    (tmp_path / "y.npy.part").write_bytes(b"1")
    busy.look_around(3000)
    assert busy.alive == 3000
    busy.look_around(3001)
    assert busy.alive == 3000
    (tmp_path / "y.npy.part").write_bytes(b"12")
    busy.look_around(3002)
    assert busy.alive == 3002


def test_a_refusal_uses_up_no_patience_while_others_get_bytes(busy, tmp_path):
    write_json(tmp_path / "y.npy.json", {"url": "https://mirror.example/y.npy"})
    refusal = AttemptFailedError("busy", Cause.AWAY, busy=True)
    fail(busy, refusal, LIMITS.patience + 1)
    assert not busy.given_up
    fail(busy, refusal, 2 * LIMITS.patience + 2)
    assert busy.given_up


def test_what_comes_from_another_mirror_is_no_sign(busy, tmp_path):
    write_json(tmp_path / "y.npy.json", {"url": "https://other.example/y.npy"})
    write_json(tmp_path / "z.npy.part.json", {"url": "https://other.example/z.npy", "total": 9})
    (tmp_path / "z.npy.part").write_bytes(b"1")
    write_json(tmp_path / "own.npy.json", {"url": None})
    busy.look_around(3000)
    assert busy.alive == 0
    assert busy.not_before > BACK_OFF_LIMIT / 2
