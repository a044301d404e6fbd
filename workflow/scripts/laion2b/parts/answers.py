"""What to ask a mirror for, and what its answers are worth. Nothing here needs a network."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .failure import AttemptFailedError, Cause, ResumeFailedError
from .mirrors import without_secrets
from .partial import Origin

TRANSIENT = {408, 425, 429}
LONGEST_WAIT = 600
"""Seconds at most that a mirror's Retry-After is obeyed for."""
CAUSES = {401: Cause.ACCESS, 403: Cause.ACCESS, 407: Cause.PROXY}
"""Causes of answers without the file, by HTTP status. Any other status means that the address is wrong."""
PAGES = re.compile(r"(text/html|application/(xhtml\+xml|json|xml|[\w.+-]+\+(json|xml)))\b")
"""Types of pages for people and programs. No part has one of these types."""


@dataclass(frozen=True)
class Answer:
    """An answer worth reading: the body holds `length` bytes of the file of `origin`, from byte `first` on.

    All bytes that are on disk, or the last ones of them, come again and are compared.
    """

    origin: Origin
    first: int
    length: int


def headers_for(asked: int | None) -> dict[str, str]:
    """Return the request headers for the file from byte `asked` on, or for the whole file if that is None.

    There is no If-Range. Several servers behind one name may each have another ETag. With If-Range they would send the
    whole file then. The bytes that come are compared with those on disk in any case.
    """
    headers = {"Accept-Encoding": "identity", "User-Agent": "laion2b-subsets", "Connection": "close"}
    return headers if asked is None else headers | {"Range": f"bytes={asked}-"}


def judge(
    status: int, headers: Mapping[str, str], url: str, have: int, origin: Origin | None, asked: int | None
) -> Answer:
    """Decide what an answer to `headers_for(asked)` is worth, when `have` bytes of `origin` are on disk.

    `headers` must not care for case. Raises AttemptFailedError, or ResumeFailedError if it is worth asking for the
    whole file.
    """
    _judge_status(status, headers, asked)
    _judge_type(headers)
    length = _length(headers)
    if status == 200:
        if length is None:
            raise AttemptFailedError("the answer does not say how long the file is", final=True)
        first, total = 0, length
    else:
        first, length, total = _range(headers, length, origin, asked)
    if first > have:
        raise _unusable(f"bytes from {first:,} on, which were not requested", asked)
    new = Origin(
        without_secrets(url),
        total,
        headers.get("ETag"),
        headers.get("Last-Modified"),
        headers.get("Content-Type"),
    )
    if have and origin and total != origin.total:
        _judge_other_file(new, origin, have, asked)
    return Answer(new, first, length)


def _judge_status(status: int, headers: Mapping[str, str], asked: int | None) -> None:
    said = f"HTTP status {status}"
    if status in TRANSIENT or status >= 500:
        wait = retry_after(headers.get("Retry-After"))
        busy = status == 429 or (status == 503 and wait is not None)
        raise AttemptFailedError(said, Cause.AWAY, wait=wait, busy=busy)
    if status == 416 and asked is not None:
        raise ResumeFailedError(f"{said} to a request for the rest of the file")
    if status not in (200, 206):
        raise AttemptFailedError(said, CAUSES.get(status, Cause.ADDRESS), final=True)


def _judge_type(headers: Mapping[str, str]) -> None:
    kind = headers.get("Content-Type", "").strip().lower()
    if PAGES.match(kind):
        name = "a web page" if "html" in kind else f"a message ({kind})"
        raise AttemptFailedError(f"{name} instead of the file")
    encoding = headers.get("Content-Encoding", "identity")
    if encoding.lower() not in ("", "identity"):
        raise AttemptFailedError(f"the answer is encoded ({encoding})", final=True)


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the length of the body, or None. A server may repeat the header."""
    said = {each.strip() for each in headers.get("Content-Length", "").split(",")}
    length = said.pop()
    return int(length) if not said and re.fullmatch(r"[0-9]{1,15}", length) else None


def _range(
    headers: Mapping[str, str], length: int | None, origin: Origin | None, asked: int | None
) -> tuple[int, int, int]:
    """Return first byte, length and total of an answer with a part of the file.

    A server may leave out the total. It may leave out the whole header if it sends as many bytes as were requested.
    """
    known = origin.total if origin else None
    said = headers.get("Content-Range")
    if said is None and asked is not None and known is not None and length == known - asked:
        return asked, length, known
    match = re.fullmatch(r"bytes\s+([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)", (said or "").strip(), re.IGNORECASE)
    total = None if not match else known if match[3] == "*" else int(match[3])
    if not match or total is None:
        raise _unusable(f"a part of the file that makes no sense (Content-Range {said!r})", asked)
    first, last = int(match[1]), int(match[2])
    if not first <= last < total or length not in (None, last - first + 1):
        raise _unusable(f"a part of the file that is impossible (Content-Range {said!r}, {length} bytes)", asked)
    return first, last - first + 1, total


def _judge_other_file(new: Origin, origin: Origin, have: int, asked: int | None) -> None:
    """Raise unless the answer is a whole other file that may replace the bytes on disk."""
    sizes = f"{new.total:,} bytes instead of {origin.total:,}"
    if new.total < have:
        raise AttemptFailedError(f"an answer of {sizes}, fewer than the {have:,} on disk", Cause.OTHER)
    if _is_of_other_type(new, origin):
        raise AttemptFailedError(f"an answer of another type ({new.type}), with {sizes}", Cause.OTHER)
    if asked is not None:
        raise ResumeFailedError(f"the file there has {sizes}")


def _is_of_other_type(new: Origin, origin: Origin) -> bool:
    """Return whether an answer has another type than the file had. Pages that servers send on errors do."""
    kinds = (new.type or "", origin.type or "")
    comparable = kinds[0].startswith("text/") or (new.url == origin.url and all(kinds))
    return comparable and kinds[0] != kinds[1]


def _unusable(reason: str, asked: int | None) -> AttemptFailedError:
    return AttemptFailedError(reason) if asked is None else ResumeFailedError(reason)


def retry_after(value: str | None) -> float | None:
    """Return the seconds to wait by a Retry-After header (seconds or a date), at most LONGEST_WAIT."""
    if not value:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        seconds = float(value)
    else:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        seconds = (date - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0), LONGEST_WAIT)
