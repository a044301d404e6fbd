"""One attempt to download one file, or the rest of it, over HTTP. All that can be checked is checked."""

import errno
import logging
import re
import signal
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from urllib.parse import quote

import requests
import urllib3

from .answers import Answer, headers_for, judge
from .credentials import credentials
from .failure import AttemptFailedError, Cause, ResumeFailedError
from .mirrors import without_secrets
from .partial import Partial

log = logging.getLogger(__name__)

LONGEST_CONNECT = 15
"""Seconds that a mirror may take to accept a connection. One that is down should not cost a minute a file."""
REDIRECTS = 5
ABSENT = {404, 410}
"""HTTP statuses that mean that the file does not exist."""
RECEIVED_AT_ONCE = 1024 * 1024
"""Bytes at most that are taken from a connection at a time."""
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
"""Characters that a redirect may hold as they are."""


@dataclass(frozen=True)
class Limits:
    """How patient a download is."""

    timeout: float = 60
    """Seconds without an answer or a byte, and the window over which the speed is judged."""
    attempts: int = 8
    """Failures in a row that bring bytes but no progress, then the mirror is given up."""
    patience: float = 10 * 3600
    """Seconds without a byte, then the mirror is given up."""
    minimum_speed: float = 10_000
    """Bytes per second, averaged over the time-out. A slower connection counts as dead."""
    bandwidth: float | None = None
    """Bytes per second at most."""
    back_off: float = 1
    """Seconds before the second attempt at a mirror. They double each time."""

    @classmethod
    def of(cls, settings: Mapping) -> "Limits":
        """Return the limits that a run hands over to its jobs."""
        keys = ("timeout", "minimum_speed", "attempts", "patience", "bandwidth")
        return cls(**{key: settings[key] for key in keys})


class Session(requests.Session):
    """Follows a few redirects to http(s), and reads none of the pages that come with them."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = REDIRECTS
        self.hooks["response"].append(self._drop_page_of_redirect)

    def get_redirect_target(self, response: requests.Response) -> str | None:
        """Return where a redirect leads. Bytes that are not UTF-8 are requested as they came, as browsers do."""
        try:
            return super().get_redirect_target(response)
        except UnicodeDecodeError:
            return quote(response.headers["Location"].encode("latin-1"), safe=PRINTABLE)

    @staticmethod
    def _drop_page_of_redirect(response: requests.Response, **_: object) -> None:
        """Close a redirect unread. `requests` would read its page to the end, which may never come."""
        if response.is_redirect:
            response.close()
            response._content = b""  # and leave the headers where requests looks for cookies


def attempt(session: requests.Session, url: str, partial: Partial, limits: Limits, *, whole: bool = False) -> None:
    """Download what is missing in `partial` from `url`. Raises AttemptFailedError unless it is complete then.

    With `whole`, the request is for the whole file, and its bytes are compared with those on disk as they come.
    """
    partial.adapt(0)
    asked = None if whole or not partial.have else max(0, partial.have - partial.overlap)
    try:
        with _deadline(2 * limits.timeout):
            response = session.get(
                url,
                headers=headers_for(asked),
                auth=credentials(url),
                timeout=(min(limits.timeout, LONGEST_CONNECT), limits.timeout),
                stream=True,
            )
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _failure(error, url) from None
    with response:
        answer = judge(response.status_code, response.headers, url, partial.have, partial.origin, asked)
        partial.final_url = without_secrets(response.url)
        _receive(_blocks(response, limits), answer, partial, may_cut=asked is None)


def _failure(error: Exception, url: str) -> AttemptFailedError:
    """Return what an error instead of an answer means."""
    reason, innermost = _reason(error), _innermost(error)
    wrong_proxy = requests.exceptions.InvalidProxyURL | urllib3.exceptions.ProxySchemeUnknown
    if isinstance(error, requests.exceptions.ProxyError) or isinstance(innermost, wrong_proxy):
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or ""
        final = isinstance(innermost, wrong_proxy) or "407" in reason
        return AttemptFailedError(f"the proxy {without_secrets(proxy)}: {reason}", Cause.PROXY, final=final)
    if isinstance(innermost, ssl.SSLCertVerificationError):
        return AttemptFailedError(reason, Cause.CERTIFICATE, final=True)
    if isinstance(error, requests.exceptions.InvalidHeader):
        return AttemptFailedError(reason)
    if isinstance(error, requests.TooManyRedirects | ValueError):
        return AttemptFailedError(reason, Cause.ADDRESS, final=True)
    return AttemptFailedError(reason, Cause.AWAY)


def remote_size(url: str, timeout: float = 10) -> int | None:
    """Return the size of the file at `url` in bytes, or None if the mirror does not say it, or does not answer.

    Raises FileNotFoundError if the mirror says that it has no such file.
    """
    headers, token = headers_for(None), credentials(url)
    try:
        with Session() as session, _deadline(2 * timeout):
            for method in ("HEAD", "GET"):  # some servers know no HEAD
                with session.request(
                    method, url, headers=headers, auth=token, timeout=timeout, stream=True, allow_redirects=True
                ) as response:
                    if response.status_code not in ABSENT:
                        break
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        return None
    if response.status_code in ABSENT:
        raise FileNotFoundError(errno.ENOENT, f"HTTP status {response.status_code}", without_secrets(url))
    length = response.headers.get("Content-Length", "")
    return int(length) if response.status_code == 200 and re.fullmatch(r"[0-9]{1,15}", length) else None


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when the time is up.

    A socket's time-out starts again with each byte, so a mirror that sends its headers slowly would never reach it. The
    deadline is a signal, so it works only in the main thread, where jobs do their downloads.
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


def _receive(blocks: Iterator[bytes], answer: Answer, partial: Partial, *, may_cut: bool) -> None:
    """Compare the bytes on disk with those that come, and append the rest. With `may_cut`, what differs is dropped."""
    coming = answer.origin.total - partial.have
    if coming > partial.room():
        reason = f"{coming:,} bytes are to come, but the disk has less space"
        raise AttemptFailedError(reason, Cause.SPACE, final=True)
    position, received = answer.first, 0
    try:
        for block in blocks:
            received += len(block)
            if received > answer.length:
                raise AttemptFailedError("more bytes than promised")
            compared = min(len(block), partial.have - position)
            same = partial.agrees(position, block[:compared])
            position += len(block)
            if same < compared:
                if not may_cut:
                    raise ResumeFailedError("other bytes than those that were downloaded before")
                log.warning("%s: the file has changed on the mirror. Its new bytes replace the old ones.", partial.path)
                partial.cut(position - len(block) + same)
            if len(block) > same:
                partial.belongs_to(answer.origin)
                partial.append(block[same:])
    finally:
        partial.adapt(received)
    if position < partial.have or received < answer.length or partial.have < answer.origin.total:
        reason = f"the connection ended after {position:,} of {answer.origin.total:,} bytes"
        ended = 0 < received < answer.length and position >= partial.have
        raise AttemptFailedError(reason, Cause.AWAY, ended=ended)
    partial.belongs_to(answer.origin)


def _blocks(response: requests.Response, limits: Limits) -> Iterator[bytes]:
    """Yield the body as it comes. Raises AttemptFailedError when it breaks off, stalls or is too slow."""
    size = RECEIVED_AT_ONCE if limits.bandwidth is None else max(1, min(RECEIVED_AT_ONCE, int(limits.bandwidth)))
    least = limits.minimum_speed if limits.bandwidth is None else min(limits.minimum_speed, limits.bandwidth / 2)
    began = window = time.monotonic()
    received = in_window = 0
    while True:
        try:
            block = response.raw.read1(size, decode_content=False)
        except (TimeoutError, urllib3.exceptions.ReadTimeoutError):
            slow = received < least * (time.monotonic() - began)
            raise AttemptFailedError(f"no byte for {limits.timeout:g} s", Cause.AWAY, slow=slow) from None
        except urllib3.exceptions.ProtocolError as error:
            if isinstance(error.args[-1], IncompleteRead):
                return  # the caller counts the bytes, and reports how many are missing
            raise AttemptFailedError(f"the connection broke: {_reason(error)}", Cause.AWAY) from None
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise AttemptFailedError(f"the connection broke: {_reason(error)}", Cause.AWAY) from None
        if not block:
            return
        yield block
        received += len(block)
        in_window += len(block)
        now = time.monotonic()
        if now - window >= limits.timeout:
            if in_window < least * (now - window):
                speed = in_window / (now - window)
                raise AttemptFailedError(f"too slow: {speed:,.0f} bytes a second", Cause.AWAY, slow=True)
            log.info("%s bytes so far, %.1f MB/s", f"{received:,}", received / (now - began) / 1e6)
            window, in_window = now, 0
        if limits.bandwidth:
            time.sleep(max(0.0, began + received / limits.bandwidth - time.monotonic()))


def _innermost(error: BaseException) -> BaseException:
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


def _reason(error: BaseException) -> str:
    """Return the innermost cause of an error in one line, without the URL that outer layers repeat."""
    innermost = _innermost(error)
    text = " ".join(str(innermost).split())
    text = re.sub(r"[a-zA-Z][a-zA-Z0-9+.-]*:/\S+", lambda match: without_secrets(match[0]), text)
    return f"{type(innermost).__name__}: {text}" if text else type(innermost).__name__
