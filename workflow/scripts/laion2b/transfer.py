"""One attempt to fetch (the rest of) one file over HTTP, believing nothing that can be checked.

`headers_for` and `judge` decide, and need no network; `attempt` moves the bytes.
"""

import io
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, IncompleteRead
from urllib.parse import urlsplit

import requests
import urllib3

from .errors import ConfigError
from .mirrors import without_secrets
from .partial import OVERLAP, Origin, Partial

log = logging.getLogger(__name__)

TRANSIENT = {408, 425, 429}
LONGEST_WAIT = 600
"""Seconds at most that a mirror's Retry-After is obeyed for."""
LONGEST_CONNECT = 15
"""Seconds at most that a mirror may take to accept a connection: one that is gone should not cost a minute a file."""
MINIMUM_SPEED = 10_000
"""Bytes per second, averaged over the time-out, below which a connection counts as dead."""
REDIRECTS = 5
BLOCK = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How patient a download is."""

    timeout: float = 60
    """Seconds without an answer or a byte, and the window over which the speed is judged."""
    attempts: int = 8
    """Failures in a row, without progress, after which a mirror is given up."""
    bandwidth: float | None = None
    """Bytes per second at most."""
    back_off: float = 1
    """Seconds before the second attempt at a mirror; doubled each time."""


class AttemptFailedError(Exception):
    """One attempt went wrong.

    `final`: this mirror will not do better; `wait`: seconds that it asked for;
    `slow`: the bytes that came don't count as progress.
    """

    def __init__(self, reason: str, *, final: bool = False, wait: float | None = None, slow: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        self.wait = wait
        self.slow = slow


class BearerToken(requests.auth.AuthBase):
    """Sends a token from the environment; `requests` drops it when a redirect leads to another host."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:  # noqa: D102
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def token_variable(host: str) -> str:
    """Return the name of the environment variable that holds the token of a host."""
    return "LAION2B_TOKEN_" + re.sub(r"[^A-Z0-9]", "_", host.upper())


def credentials(url: str, environment: Mapping[str, str] = os.environ) -> BearerToken | None:
    """Return the token that the environment holds for this URL's host. None leaves it to ~/.netrc."""
    host = urlsplit(url).hostname or ""
    variables = [token_variable(host)] + (["HF_TOKEN"] if host == "huggingface.co" else [])
    for variable in variables:
        token = environment.get(variable, "").strip()
        if not token.isascii() or not token.isprintable():
            raise ConfigError(
                f"The environment variable {variable} can't be a token: it holds more than printable ASCII."
            )
        if token:
            return BearerToken(token)
    return None


def open_session() -> requests.Session:
    """Return a session that follows a few redirects to http(s), and reads none of the pages that come with them."""
    session = requests.Session()
    session.max_redirects = REDIRECTS
    session.hooks["response"].append(_drop_page_of_redirect)
    return session


def _drop_page_of_redirect(response: requests.Response, **_: object) -> None:
    if response.is_redirect:
        response.close()
        response.raw = io.BytesIO()  # requests would read the page to its end, and it may have none


def headers_for(url: str, have: int, origin: Origin | None) -> dict[str, str]:
    """Return the request headers that fetch what is missing, and a little before it for comparison."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "laion2b-subsets"}
    if have:
        headers["Range"] = f"bytes={max(0, have - OVERLAP)}-"
        validator = origin.validator() if origin and origin.url == without_secrets(url) else None
        if validator:
            headers["If-Range"] = validator
    return headers


@dataclass(frozen=True)
class Answer:
    """An answer worth reading: the body holds `length` bytes of `origin`.

    `resumes`: they start with the overlap, and go on from what is on disk; otherwise they are the whole file.
    """

    origin: Origin
    length: int
    resumes: bool


class ChangedError(AttemptFailedError):
    """What is on disk is not the beginning of what the mirror has; it must be forgotten."""


def judge(status: int, headers: Mapping[str, str], url: str, have: int, origin: Origin | None) -> Answer:
    """Decide what an answer to `headers_for(url, have, origin)` is worth.

    `headers` must not care for case. Raises AttemptFailedError, or ChangedError if the bytes on disk are worthless.
    """
    if status in TRANSIENT or status >= 500:
        raise AttemptFailedError(f"HTTP status {status}", wait=retry_after(headers.get("Retry-After")))
    if status == 416 and have:
        raise ChangedError("HTTP status 416: the file there is shorter than what was fetched of it")
    if status not in (200, 206):
        raise AttemptFailedError(f"HTTP status {status}", final=True)
    if headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
        raise AttemptFailedError("a web page instead of the file")
    if headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise AttemptFailedError(f"the answer is encoded ({headers['Content-Encoding']})", final=True)
    length = headers.get("Content-Length", "")
    if not re.fullmatch(r"\d{1,15}", length):
        raise AttemptFailedError("the answer does not say how long the file is", final=True)
    if status == 200:
        return Answer(_origin(url, headers, int(length)), int(length), resumes=False)
    return _judge_rest(headers, url, int(length), have, origin)


def _origin(url: str, headers: Mapping[str, str], total: int) -> Origin:
    return Origin(without_secrets(url), total, headers.get("ETag"), headers.get("Last-Modified"))


def _judge_rest(headers: Mapping[str, str], url: str, length: int, have: int, origin: Origin | None) -> Answer:
    content_range = headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", content_range.strip())
    if not have or not match:
        raise AttemptFailedError(f"a partial answer without need or sense (Content-Range {content_range!r})")
    first, last, total = (int(group) for group in match.groups())
    new = _origin(url, headers, total)
    if origin and (new.contradicts(origin) if new.url == origin.url else new.total != origin.total):
        raise ChangedError("the file there is not the one that was begun")
    if first != max(0, have - OVERLAP) or last >= total or length != last - first + 1:
        raise AttemptFailedError(f"a part of the file that was not asked for (Content-Range {content_range!r})")
    return Answer(new, length, resumes=True)


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header (seconds or a date) asks for, capped."""
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


def attempt(session: requests.Session, url: str, partial: Partial, limits: Limits) -> None:
    """Fetch what is missing in `partial` from `url`; raise AttemptFailedError unless it is complete then."""
    try:
        with _deadline(2 * limits.timeout):
            response = session.get(
                url,
                headers=headers_for(url, partial.have, partial.origin),
                auth=credentials(url),
                timeout=(min(limits.timeout, LONGEST_CONNECT), limits.timeout),
                stream=True,
            )
    except (requests.TooManyRedirects, requests.exceptions.InvalidSchema, ValueError) as error:
        raise AttemptFailedError(_reason(error), final=True) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise AttemptFailedError(_reason(error)) from None
    with response:
        try:
            answer = judge(response.status_code, response.headers, url, partial.have, partial.origin)
            partial.final_url = without_secrets(response.url)
            _receive(_blocks(response, limits), answer, partial)
        except ChangedError:
            partial.discard()
            raise


def remote_size(url: str, timeout: float = 10) -> int | None:
    """Return the bytes of the file at `url`, or None where the mirror does not say."""
    try:
        with open_session() as session, _deadline(2 * timeout):
            response = session.head(
                url, headers=headers_for(url, 0, None), auth=credentials(url), timeout=timeout, allow_redirects=True
            )
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        return None
    length = response.headers.get("Content-Length", "")
    return int(length) if response.status_code == 200 and re.fullmatch(r"[0-9]{1,15}", length) else None


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when the time is up.

    A socket's time-out begins anew with each byte, so a mirror that drips its headers would never meet it. Works by a
    signal, and so in the main thread only, where jobs do their downloads.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(*_: object) -> None:
        raise TimeoutError(f"no complete answer within {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _receive(blocks: Iterator[bytes], answer: Answer, partial: Partial) -> None:
    coming = answer.origin.total - partial.have
    if coming > partial.room():
        raise AttemptFailedError(
            f"it says that {coming:,} bytes are to come, and the disk has not the space", final=True
        )
    if answer.resumes:
        overlap = partial.tail()
        partial.belongs_to(answer.origin)
    else:
        overlap = b""
        partial.start(answer.origin)
    received = 0
    for block in blocks:
        received += len(block)
        if received > answer.length:
            raise ChangedError("more bytes than promised")
        compared = min(len(overlap), len(block))
        if block[:compared] != overlap[:compared]:
            raise ChangedError("other bytes than those that were fetched before")
        overlap = overlap[compared:]
        partial.append(block[compared:])
    if partial.have < answer.origin.total:
        raise AttemptFailedError(f"the connection ended after {partial.have:,} of {answer.origin.total:,} bytes")


def _blocks(response: requests.Response, limits: Limits) -> Iterator[bytes]:
    """Yield the body as it comes; raise AttemptFailedError when it breaks off, stalls or drips."""
    size = BLOCK if limits.bandwidth is None else max(1, min(BLOCK, int(limits.bandwidth)))
    least = MINIMUM_SPEED if limits.bandwidth is None else min(MINIMUM_SPEED, limits.bandwidth / 2)
    began = window = time.monotonic()
    received = in_window = 0
    while True:
        try:
            block = response.raw.read1(size, decode_content=False)
        except (TimeoutError, urllib3.exceptions.ReadTimeoutError):
            slow = received < least * (time.monotonic() - began)
            raise AttemptFailedError(f"no byte for {limits.timeout:g} s", slow=slow) from None
        except urllib3.exceptions.ProtocolError as error:
            if isinstance(error.args[-1], IncompleteRead):
                return  # the caller counts the bytes, and says how many are missing
            raise AttemptFailedError(f"the connection broke: {_reason(error)}") from None
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise AttemptFailedError(f"the connection broke: {_reason(error)}") from None
        if not block:
            return
        yield block
        received += len(block)
        in_window += len(block)
        now = time.monotonic()
        if now - window >= limits.timeout:
            if in_window < least * (now - window):
                speed = in_window / (now - window)
                raise AttemptFailedError(f"too slow: {speed:,.0f} bytes a second", slow=True)
            log.info("%s bytes so far, %.1f MB/s", f"{received:,}", received / (now - began) / 1e6)
            window, in_window = now, 0
        if limits.bandwidth:
            time.sleep(max(0.0, began + received / limits.bandwidth - time.monotonic()))


def _reason(error: BaseException) -> str:
    """Return the innermost cause of an error in one line, without the URL that outer layers repeat."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    text = " ".join(str(error).split())
    text = re.sub(r"[a-zA-Z][a-zA-Z0-9+.-]*:/\S+", lambda match: without_secrets(match[0]), text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
