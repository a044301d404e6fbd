"""What is asked of a mirror, and what its answers are worth; no network needed."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from requests.structures import CaseInsensitiveDict

from laion2b.errors import ConfigError
from laion2b.partial import OVERLAP, Origin
from laion2b.transfer import (
    LONGEST_WAIT,
    AttemptFailedError,
    ChangedError,
    credentials,
    headers_for,
    judge,
    retry_after,
)

URL = "https://mirror.example/part.npy"
HAVE = 200_000
FROM = HAVE - OVERLAP
TOTAL = 300_000
LENGTH = str(TOTAL - FROM)
RANGE = f"bytes {FROM}-{TOTAL - 1}/{TOTAL}"


def origin(etag='"a"', modified="Mon, 01 Jan 2024 00:00:00 GMT", url=URL, total=TOTAL) -> Origin:
    return Origin(url, total, etag, modified)


@pytest.mark.parametrize(
    ("have", "known", "expected"),
    [
        (0, None, {}),
        (HAVE, origin(), {"Range": f"bytes={FROM}-", "If-Range": '"a"'}),
        (1000, origin(), {"Range": "bytes=0-", "If-Range": '"a"'}),
        (HAVE, origin(etag='W/"a"'), {"Range": f"bytes={FROM}-", "If-Range": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        (HAVE, origin(etag=None, modified=None), {"Range": f"bytes={FROM}-"}),
        (HAVE, origin(url="https://other.example/part.npy"), {"Range": f"bytes={FROM}-"}),
    ],
)
def test_headers(have, known, expected):
    headers = headers_for(f"{URL}?signature=1", have, known)
    assert headers.pop("Accept-Encoding") == "identity"
    del headers["User-Agent"]
    assert headers == expected


def verdict(status: int, headers: dict, have: int = 0, known: Origin | None = None):
    return judge(status, CaseInsensitiveDict(headers), URL, have, known)


def test_a_whole_file():
    answer = verdict(200, {"content-length": "5", "etag": '"b"'})
    assert (answer.origin, answer.length, answer.resumes) == (Origin(URL, 5, '"b"', None), 5, False)


def test_a_whole_file_instead_of_the_rest_starts_again():
    assert not verdict(200, {"Content-Length": "5"}, HAVE, origin()).resumes


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"ETag": '"a"'}, origin()),
        ({}, origin()),
        ({"ETag": '"b"'}, origin(url="https://other.example/part.npy")),
        ({"ETag": '"b"'}, origin(etag=None)),
    ],
)
def test_the_rest_of_the_file(headers, known):
    answer = verdict(206, {"Content-Range": RANGE, "Content-Length": LENGTH} | headers, HAVE, known)
    assert (answer.length, answer.resumes, answer.origin.total) == (TOTAL - FROM, True, TOTAL)


@pytest.mark.parametrize(
    ("status", "headers", "have", "final"),
    [
        (500, {}, 0, False),
        (503, {}, 0, False),
        (429, {}, 0, False),
        (408, {}, 0, False),
        (425, {}, 0, False),
        (401, {}, 0, True),
        (403, {}, 0, True),
        (404, {}, 0, True),
        (410, {}, 0, True),
        (416, {}, 0, True),
        (304, {}, 0, True),
        (204, {"Content-Length": "0"}, 0, True),
        (200, {"Content-Length": "5", "Content-Type": "text/html; charset=utf-8"}, 0, False),
        (200, {"Content-Length": "5", "Content-Encoding": "gzip"}, 0, True),
        (200, {}, 0, True),
        (200, {"Content-Length": "-5"}, 0, True),
        (200, {"Content-Length": "1" * 16}, 0, True),
        (206, {"Content-Range": "bytes 0-4/5", "Content-Length": "5"}, 0, False),
        (206, {"Content-Length": LENGTH}, HAVE, False),
        (206, {"Content-Range": f"bytes {FROM}-{TOTAL - 1}/*", "Content-Length": LENGTH}, HAVE, False),
        (206, {"Content-Range": f"bytes 0-{TOTAL - FROM - 1}/{TOTAL}", "Content-Length": LENGTH}, HAVE, False),
        (206, {"Content-Range": f"bytes {FROM}-{TOTAL}/{TOTAL}", "Content-Length": LENGTH}, HAVE, False),
        (206, {"Content-Range": RANGE, "Content-Length": "5"}, HAVE, False),
        (206, {"Content-Range": RANGE, "Content-Length": LENGTH, "Content-Type": "text/html"}, HAVE, False),
    ],
)
def test_worthless_answers(status, headers, have, final):
    with pytest.raises(AttemptFailedError) as caught:
        verdict(status, headers, have, origin() if have else None)
    assert caught.value.final == final
    assert not isinstance(caught.value, ChangedError)


@pytest.mark.parametrize(
    ("status", "headers", "known"),
    [
        (416, {}, origin()),
        (206, {"Content-Range": RANGE, "ETag": '"b"'}, origin()),
        (206, {"Content-Range": RANGE, "Last-Modified": "Tue, 02 Jan 2024 00:00:00 GMT"}, origin()),
        (206, {"Content-Range": f"bytes {FROM}-{TOTAL}/{TOTAL + 1}"}, origin()),
        (206, {"Content-Range": f"bytes {FROM}-{TOTAL}/{TOTAL + 1}"}, origin(url="https://other.example/x")),
    ],
)
def test_answers_that_make_the_bytes_on_disk_worthless(status, headers, known):
    with pytest.raises(ChangedError):
        verdict(status, {"Content-Length": LENGTH} | headers, HAVE, known)


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


@pytest.mark.parametrize(
    ("url", "environment", "token"),
    [
        ("https://a.example/x", {}, None),
        ("https://a.example/x", {"LAION2B_TOKEN_A_EXAMPLE": "t"}, "t"),
        ("https://A.example:8443/x", {"LAION2B_TOKEN_A_EXAMPLE": "t"}, "t"),
        ("https://a.example/x", {"LAION2B_TOKEN_A_EXAMPLE": "t\n"}, "t"),
        ("https://b.example/x", {"LAION2B_TOKEN_A_EXAMPLE": "t", "HF_TOKEN": "h"}, None),
        ("https://huggingface.co/x", {"HF_TOKEN": "h"}, "h"),
        ("https://huggingface.co/x", {"HF_TOKEN": "h", "LAION2B_TOKEN_HUGGINGFACE_CO": "t"}, "t"),
    ],
)
def test_a_token_goes_to_its_own_host_only(url, environment, token):
    found = credentials(url, environment)
    assert (found and found.token) == token


@pytest.mark.parametrize("token", ["s3cret\nx", "s3crét"])
def test_a_token_that_is_none_is_not_repeated(token):
    with pytest.raises(ConfigError, match="LAION2B_TOKEN_A_EXAMPLE can't be a token") as caught:
        credentials("https://a.example/x", {"LAION2B_TOKEN_A_EXAMPLE": token})
    assert "s3cr" not in str(caught.value)
