"""Download one file of a part: from the first mirror that gives it whole, going on where a run broke off."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from . import record
from .errors import DownloadError, PartError
from .files import beside
from .mirrors import is_remote, local_path, without_secrets
from .partial import OVERLAP, Origin, Partial
from .transfer import LONGEST_WAIT, REDIRECTS, AttemptFailedError, Limits, attempt, remote_size

log = logging.getLogger(__name__)

BACK_OFF_LIMIT = 120
"""Seconds at most between two attempts at a mirror that asks for no longer wait."""


@dataclass
class Mirror:
    """One mirror's standing with respect to one file."""

    url: str
    failures: int = 0
    not_before: float = 0.0
    given_up: bool = False


class Download:
    """The history of one file's download, and what to try next."""

    def __init__(self, file: Path, urls: Sequence[str], limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.mirrors = [Mirror(url) for url in urls]
        self.attempts: list[dict] = []
        self.started = record.now()
        self.unsound_size: int | None = None

    def next_mirror(self) -> Mirror:
        """Wait until a mirror may be asked, and return it: fewest failures first, then the configured order."""
        while True:
            left = [mirror for mirror in self.mirrors if not mirror.given_up]
            if not left:
                raise DownloadError(self._story())
            now = time.monotonic()
            ready = [mirror for mirror in left if mirror.not_before <= now]
            if ready:
                return min(ready, key=lambda mirror: mirror.failures)
            time.sleep(min(mirror.not_before for mirror in left) - now)

    def note(self, mirror: Mirror, result: str, received: int = 0) -> None:
        """Remember how an attempt went."""
        self.attempts.append(
            {"url": without_secrets(mirror.url), "at": record.now(), "bytes": max(0, received), "result": result}
        )
        log.info("%s: %s", without_secrets(mirror.url), result)

    def failed(self, mirror: Mirror, error: AttemptFailedError, gained: int) -> None:
        """Decide when, and whether, the mirror is asked again after a failure that brought `gained` bytes."""
        self.note(mirror, str(error), gained)
        if gained >= OVERLAP and not error.slow:
            mirror.failures = 0
            mirror.not_before = time.monotonic() + (error.wait or 0)
            return
        mirror.failures += 1
        mirror.given_up = error.final or mirror.failures >= self.limits.attempts
        pause = min(self.limits.back_off * 2 ** (mirror.failures - 1), BACK_OFF_LIMIT)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not cryptography
        mirror.not_before = time.monotonic() + (pause if error.wait is None else min(error.wait, LONGEST_WAIT))

    def unsound(self, mirror: Mirror, error: PartError, size: int) -> None:
        """Note that a complete file is not what its ending says; the same size twice is not bad luck."""
        self.failed(mirror, AttemptFailedError(str(error)), 0)
        if self.unsound_size == size:
            raise DownloadError(self._story())
        self.unsound_size = size

    def record(self, origin: Origin, sha256: str) -> None:
        """Write the record beside the finished file; say so if an earlier download had other bytes."""
        earlier = record.read(self.file)
        if earlier and earlier["sha256"] != sha256:
            log.warning(
                "%s is not the file that was downloaded before: its SHA-256 is %s, but it was %s on %s, from %s. The "
                "mirror has changed it, or one of the two copies is damaged.",
                self.file, sha256, earlier["sha256"], earlier["finished"], earlier["url"],
            )  # fmt: skip
        record.write(
            self.file,
            url=origin.url,
            size=origin.total,
            sha256=sha256,
            etag=origin.etag,
            last_modified=origin.last_modified,
            attempts=self.attempts,
            started=self.started,
        )

    def _story(self) -> str:
        lines = [f"{entry['at']} {entry['url']}: {entry['result']}" for entry in self.attempts]
        return (
            f"{self.file} could not be downloaded, from {len(self.mirrors)} "
            f"{'mirror' if len(self.mirrors) == 1 else 'mirrors'}, in {len(lines)} "
            f"{'attempt' if len(lines) == 1 else 'attempts'}. The last one: {self.attempts[-1]['url']}: "
            f"{self.attempts[-1]['result']}. What to do: run the same command again later, which goes on where this "
            "one stopped, or add a mirror to `mirrors` in config.yaml. All attempts:\n  " + "\n  ".join(lines)
        )


def download(file: Path, addresses: Sequence[str], check: Callable[[Path], object], limits: Limits) -> None:
    """Bring `file` from the first of `addresses` (URLs or local paths) that has it, and write its record.

    `check` raises PartError for a file that is not sound. Bytes go to `NAME.part`, which survives every failure, and
    get the final name when they are complete and sound. A local address is linked to, never copied or changed.
    Raises DownloadError, with every attempt in it, when no mirror gives the file.
    """
    history = Download(file, addresses, limits)
    with requests.Session() as session, Partial(file) as partial:
        session.max_redirects = REDIRECTS
        if file.exists():  # another run brought it while this one waited for the lock
            record.adopt(file)
        while not file.exists():
            mirror = history.next_mirror()
            if is_remote(mirror.url):
                _fetch(session, mirror, partial, check, history)
            else:
                _link(mirror, file, check, history)


def size_on_mirrors(addresses: Sequence[str]) -> int | None:
    """Return the bytes of a file on the first mirror that tells, or None; nothing is fetched."""
    for address in addresses:
        if is_remote(address):
            size = remote_size(address)
        else:
            size = local_path(address).stat().st_size if local_path(address).is_file() else None
        if size:
            return size
    return None


def _fetch(
    session: requests.Session, mirror: Mirror, partial: Partial, check: Callable[[Path], object], history: Download
) -> None:
    before = partial.have
    try:
        attempt(session, mirror.url, partial, history.limits)
    except AttemptFailedError as error:
        history.failed(mirror, error, partial.have - before)
        return
    size, origin = partial.have, partial.origin
    try:
        check(partial.path)
    except PartError as error:
        partial.discard()
        history.unsound(mirror, error, size)
        return
    history.note(mirror, "complete", size - before)
    sha256 = partial.sha256.hexdigest()
    partial.publish()
    history.record(origin, sha256)


def _link(mirror: Mirror, file: Path, check: Callable[[Path], object], history: Download) -> None:
    original = local_path(mirror.url)
    if not original.is_file():
        history.failed(mirror, AttemptFailedError("there is no such file", final=True), 0)
        return
    try:
        check(original)
    except PartError as error:
        history.failed(mirror, AttemptFailedError(str(error), final=True), 0)
        return
    history.note(mirror, "linked")
    link = beside(file, ".tmp")
    link.unlink(missing_ok=True)
    link.symlink_to(original)
    link.replace(file)
    history.record(Origin(without_secrets(mirror.url), file.stat().st_size), record.sha256_of(file))
