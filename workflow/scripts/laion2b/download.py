"""Download one file of a part: from the first mirror that gives it whole, going on where a run broke off."""

import errno
import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from . import record
from .errors import DownloadError, PartError, what
from .files import beside
from .mirrors import is_remote, is_there, local_path, without_secrets
from .partial import OVERLAP, Origin, Partial
from .transfer import LONGEST_WAIT, AttemptFailedError, Limits, attempt, open_session, remote_size

log = logging.getLogger(__name__)

PATIENCE = 1
"""Seconds that a mirror is waited for without asking another one, or telling the user."""
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
        self.unsound_sizes: set[int] = set()
        self.furthest = 0

    def next_mirror(self) -> Mirror:
        """Return the mirror to ask next, when its time has come: fewest failures first, then the configured order."""
        left = [mirror for mirror in self.mirrors if not mirror.given_up]
        if not left:
            raise DownloadError(self._story())
        now = time.monotonic()
        soon = [mirror for mirror in left if mirror.not_before <= now + PATIENCE]
        mirror = min(soon, key=lambda each: each.failures) if soon else min(left, key=lambda each: each.not_before)
        pause = max(0.0, mirror.not_before - now)
        if not soon:
            last = self.attempts[-1]
            log.warning("%s: %s: %s. Next attempt in %.0f s.", self.file, last["url"], last["result"], pause)
        time.sleep(pause)
        return mirror

    def note(self, mirror: Mirror, result: str, received: int = 0) -> None:
        """Remember how an attempt went."""
        self.attempts.append(
            {"url": without_secrets(mirror.url), "at": record.now(), "bytes": max(0, received), "result": result}
        )
        log.info("%s: %s", without_secrets(mirror.url), result)

    def failed(self, mirror: Mirror, error: AttemptFailedError, before: int = 0, now: int = 0) -> None:
        """Decide when, and whether, the mirror is asked again after a failure.

        The attempt found `before` bytes on disk and left `now`. Only bytes that no attempt before had brought are
        progress: a mirror with which each attempt starts anew must not be asked without end.
        """
        self.note(mirror, str(error), now - before)
        progress = now >= self.furthest + OVERLAP and not error.slow
        self.furthest = max(self.furthest, now)
        mirror.failures = 0 if progress else mirror.failures + 1
        mirror.given_up = error.final or mirror.failures >= self.limits.attempts
        pause = min(self.limits.back_off * 2 ** (mirror.failures - 1), BACK_OFF_LIMIT)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not cryptography
        mirror.not_before = time.monotonic() + (pause if error.wait is None else min(error.wait, LONGEST_WAIT))

    def unsound(self, mirror: Mirror, error: PartError, size: int) -> None:
        """Note that a complete file is not what it should be; the same size twice is not bad luck."""
        self.failed(mirror, AttemptFailedError(what(error), final=size in self.unsound_sizes))
        self.unsound_sizes.add(size)

    def record(self, origin: Origin, sha256: str, stat: os.stat_result, final_url: str | None = None) -> None:
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
            final_url=final_url,
            stat=stat,
            sha256=sha256,
            etag=origin.etag,
            last_modified=origin.last_modified,
            attempts=self.attempts,
            started=self.started,
        )

    def _story(self) -> str:
        lines = [f"{entry['at']} {entry['url']}: {entry['result']}" for entry in self.attempts]
        last = f"{self.attempts[-1]['url']}: {self.attempts[-1]['result'].removesuffix('.')}"
        return (
            f"{self.file} could not be downloaded, from {_count(self.mirrors, 'mirror')}, "
            f"in {_count(lines, 'attempt')}. The last one: {last}. What to do: run the same command again later, which "
            "goes on where this one stopped, or add a mirror to `mirrors` in config.yaml.\n"
            "  All attempts:\n  " + "\n  ".join(lines)
        )


def _count(things: Sequence, name: str) -> str:
    return f"{len(things)} {name}" + "s" * (len(things) != 1)


def download(file: Path, addresses: Sequence[str], check: Callable[[Path, str], object], limits: Limits) -> None:
    """Bring `file` from the first of `addresses` (URLs or local paths) that has it, and write its record.

    `check(path, sha256)` raises PartError for a file that is not sound. Bytes go to `NAME.part`, which survives every
    failure, and get the final name when complete and sound. A local address is linked to, never copied or changed.
    Raises DownloadError, with every attempt in it, when no mirror gives the file.
    """
    history = Download(file, addresses, limits)
    with open_session() as session, Partial(file) as partial:
        if file.exists():  # another run brought it while this one waited for the lock
            record.adopt(file)
        history.furthest = partial.have
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
            size = local_path(address).stat().st_size if is_there(address) else None
        if size:
            return size
    return None


def _fetch(
    session: requests.Session, mirror: Mirror, partial: Partial, check: Callable[[Path, str], object], history: Download
) -> None:
    before = partial.have
    try:
        attempt(session, mirror.url, partial, history.limits)
    except AttemptFailedError as error:
        history.failed(mirror, error, before, partial.have)
        return
    stat = partial.stat()
    if stat.st_size != partial.have:
        raise OSError(errno.EIO, "another size than what was written", str(partial.path))
    size, origin, sha256 = partial.have, partial.origin, partial.sha256.hexdigest()
    try:
        check(partial.path, sha256)
    except PartError as error:
        partial.discard()
        history.unsound(mirror, error, size)
        return
    history.note(mirror, "complete", size - before)
    # The record comes first: a file without one would be taken for the user's own.
    history.record(origin, sha256, stat, partial.final_url)
    partial.publish()


def _link(mirror: Mirror, file: Path, check: Callable[[Path, str], object], history: Download) -> None:
    original = local_path(mirror.url)
    try:
        stat = original.stat()
        sha256 = record.sha256_of(original)
        check(original, sha256)
    except OSError as error:
        history.failed(mirror, AttemptFailedError(error.strerror or str(error), final=True))
        return
    except PartError as error:
        history.failed(mirror, AttemptFailedError(what(error), final=True))
        return
    history.note(mirror, "linked")
    history.record(Origin(without_secrets(mirror.url), stat.st_size), sha256, stat)
    link = beside(file, ".tmp")
    link.unlink(missing_ok=True)
    link.symlink_to(original)
    link.replace(file)
