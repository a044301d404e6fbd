"""What is asked of a mirror, and what its answers are worth; no network needed."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from requests.structures import CaseInsensitiveDict

from laion2b.parts.answers import LONGEST_WAIT, headers_for, judge, retry_after
from laion2b.parts.failure import AttemptFailedError, Cause, ResumeFailedError, printable
from laion2b.parts.partial import OVERLAP, Origin

URL = "https://mirror.example/part.npy"
HAVE = 200_000
FROM = HAVE - OVERLAP
TOTAL = 300_000
LENGTH = str(TOTAL - FROM)
RANGE = f"bytes {FROM}-{TOTAL - 1}/{TOTAL}"


def origin(url=URL, total=TOTAL, kind=None) -> Origin:
    return Origin(url, total, '"a"', "Mon, 01 Jan 2024 00:00:00 GMT", kind)


@pytest.mark.parametrize(("asked", "expected"), [(None, {}), (0, {"Range": "bytes=0-"}), (7, {"Range": "bytes=7-"})])
def test_headers(asked, expected):
    headers = headers_for(asked)
    assert headers.pop("Accept-Encoding") == "identity"
    assert headers.pop("Connection") == "close"  # idle connections count where a mirror allows few
    del headers["User-Agent"]
    assert headers == expected


def verdict(status: int, headers: dict, have: int = 0, known: Origin | None = None, asked: int | None = None):
    return judge(status, CaseInsensitiveDict(headers), URL, have, known, asked)


def test_a_whole_file():
    answer = verdict(200, {"content-length": "5", "etag": '"b"', "content-type": "x/y"})
    assert (answer.origin, answer.first, answer.length) == (Origin(URL, 5, '"b"', None, "x/y"), 0, 5)


@pytest.mark.parametrize("asked", [None, FROM])
def test_a_whole_file_is_compared_with_what_is_there(asked):
    answer = verdict(200, {"Content-Length": str(TOTAL)}, HAVE, origin(), asked)
    assert (answer.first, answer.length) == (0, TOTAL)


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"Content-Range": RANGE, "ETag": '"a"'}, origin()),
        ({"Content-Range": RANGE, "ETag": '"b"', "Last-Modified": "Tue, 02 Jan 2024 00:00:00 GMT"}, origin()),
        ({"Content-Range": RANGE, "ETag": '"b"'}, origin(url="https://other.example/part.npy")),
        ({"Content-Range": f"bytes {FROM}-{TOTAL - 1}/*"}, origin()),
        ({"Content-Range": f"Bytes  {FROM}-{TOTAL - 1}/{TOTAL}"}, origin()),
        ({}, origin()),
        ({"Content-Range": RANGE, "Content-Length": f"{LENGTH}, {LENGTH}"}, origin()),
        ({"Content-Range": RANGE, "Content-Type": "text/plain"}, origin()),
    ],
)
def test_the_rest_of_the_file(headers, known):
    answer = verdict(206, {"Content-Length": LENGTH} | headers, HAVE, known, FROM)
    assert (answer.first, answer.length, answer.origin.total) == (FROM, TOTAL - FROM, TOTAL)


def test_less_than_the_rest_and_an_earlier_start_are_taken():
    answer = verdict(206, {"Content-Range": f"bytes 5-{HAVE + 9}/{TOTAL}"}, HAVE, origin(), FROM)
    assert (answer.first, answer.length) == (5, HAVE + 5)


def test_the_whole_of_another_file_may_take_its_place_once_resuming_has_failed():
    headers = {"Content-Length": str(TOTAL + 1)}
    with pytest.raises(ResumeFailedError):
        verdict(200, headers, HAVE, origin(), FROM)
    assert verdict(200, headers, HAVE, origin()).origin.total == TOTAL + 1


@pytest.mark.parametrize(
    ("status", "headers", "cause", "final"),
    [
        (500, {}, Cause.AWAY, False),
        (503, {}, Cause.AWAY, False),
        (429, {}, Cause.AWAY, False),
        (408, {}, Cause.AWAY, False),
        (425, {}, Cause.AWAY, False),
        (401, {}, Cause.ACCESS, True),
        (403, {}, Cause.ACCESS, True),
        (407, {}, Cause.PROXY, True),
        (404, {}, Cause.ADDRESS, True),
        (410, {}, Cause.ADDRESS, True),
        (416, {}, Cause.ADDRESS, True),
        (304, {}, Cause.ADDRESS, True),
        (204, {"Content-Length": "0"}, Cause.ADDRESS, True),
        (200, {"Content-Length": "5", "Content-Type": "text/html; charset=utf-8"}, Cause.BAD, False),
        (200, {"Content-Length": "5", "Content-Type": "Application/JSON"}, Cause.BAD, False),
        (200, {"Content-Length": "5", "Content-Type": "application/problem+json"}, Cause.BAD, False),
        (200, {"Content-Length": "5", "Content-Encoding": "gzip"}, Cause.BAD, True),
        (200, {}, Cause.BAD, True),
        (200, {"Content-Length": "-5"}, Cause.BAD, True),
        (200, {"Content-Length": "5, 6"}, Cause.BAD, True),
        (200, {"Content-Length": "1" * 16}, Cause.BAD, True),
        (206, {"Content-Length": "5"}, Cause.BAD, False),
        (206, {"Content-Range": "bytes 0-4/*", "Content-Length": "5"}, Cause.BAD, False),
        (206, {"Content-Range": "bytes 1-4/5", "Content-Length": "4"}, Cause.BAD, False),
    ],
)
def test_worthless_answers(status, headers, cause, final):
    with pytest.raises(AttemptFailedError) as caught:
        verdict(status, headers)
    assert (caught.value.cause, caught.value.final) == (cause, final)
    assert not isinstance(caught.value, ResumeFailedError)


@pytest.mark.parametrize(
    ("status", "headers", "busy"),
    [(429, {}, True), (503, {"Retry-After": "7"}, True), (503, {}, False), (500, {"Retry-After": "7"}, False)],
)
def test_a_mirror_that_has_too_many_connections(status, headers, busy):
    with pytest.raises(AttemptFailedError) as caught:
        verdict(status, headers)
    assert (caught.value.busy, caught.value.wait) == (busy, 7 if headers else None)


@pytest.mark.parametrize(
    ("status", "headers", "resume_failed"),
    [
        (416, {}, True),
        (206, {"Content-Length": "5"}, True),
        (206, {"Content-Range": "none", "Content-Length": LENGTH}, True),
        (206, {"Content-Range": f"bytes {FROM}-{TOTAL}/{TOTAL}", "Content-Length": LENGTH}, True),
        (206, {"Content-Range": RANGE, "Content-Length": "5"}, True),
        (206, {"Content-Range": f"bytes {HAVE + 1}-{TOTAL - 1}/{TOTAL}"}, True),
        (206, {"Content-Range": f"bytes {FROM}-{TOTAL}/{TOTAL + 1}"}, True),
        (200, {"Content-Length": "5"}, False),
        (200, {"Content-Length": str(TOTAL + 1)}, True),
        (206, {"Content-Range": RANGE, "Content-Length": LENGTH, "Content-Type": "text/html"}, False),
    ],
)
def test_the_rest_can_not_be_had(status, headers, resume_failed):
    with pytest.raises(AttemptFailedError) as caught:
        verdict(status, headers, HAVE, origin(), FROM)
    assert isinstance(caught.value, ResumeFailedError) == resume_failed
    assert not caught.value.final


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"Content-Length": str(HAVE - 1)}, origin()),
        ({"Content-Length": str(TOTAL + 1), "Content-Type": "text/plain"}, origin()),
        ({"Content-Length": str(TOTAL + 1), "Content-Type": "image/png"}, origin(kind="x/y")),
    ],
)
def test_an_answer_that_is_shorter_or_of_another_type_takes_no_place(headers, known):
    with pytest.raises(AttemptFailedError) as caught:
        verdict(200, headers, HAVE, known)
    assert caught.value.cause is Cause.OTHER


def test_what_a_mirror_says_does_not_act_on_the_terminal():
    with pytest.raises(AttemptFailedError) as caught:
        verdict(200, {"Content-Encoding": "\x1b[31m\x9b\u202e" + "x" * 1000})
    assert str(caught.value).startswith("the answer is encoded (\\x1b[31m\\x9b\\u202exx")
    assert len(str(caught.value)) < 310
    assert printable("ü\t\r\n\udc80") == "ü \\udc80"


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("7", 7, 7), ("0", 0, 0), ("999999", LONGEST_WAIT, LONGEST_WAIT), ("Mon, 01 Jan 2024 00:00:00 GMT", 0, 0)],
)
def test_retry_after(value, low, high):
    assert low <= retry_after(value) <= high


def test_retry_after_a_date():
    assert 50 < retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "\xb2", "9" * 400])
def test_retry_after_that_says_nothing(value):
    assert retry_after(value) is None
