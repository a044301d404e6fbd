"""The history of one file's download: what was tried, and what to try next."""

import logging
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from laion2b.errors import DownloadError, Explanation, PartError, what

from . import record
from .candidate import Candidate
from .failure import AttemptFailedError
from .http import Limits
from .mirrors import without_secrets
from .partial import LEAST_OVERLAP, OVERLAP, Origin, Partial
from .signs import Signs

log = logging.getLogger(__name__)

SHORT_WAIT = 1
"""Wait this many seconds for a busy mirror before trying the next one or reporting the delay."""
QUIET = 60
"""After this many seconds without a byte for any download, report that a mirror has too many connections."""
LISTED = 50
"""How many of the first and of the last attempts are listed. A bad night has thousands."""


class History:
    """The attempts to download one file, and its mirrors."""

    def __init__(self, file: Path, urls: Sequence[str], limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.candidates = [Candidate(url) for url in urls]
        self.attempts: list[dict] = []
        self.started = record.now()
        self.furthest = 0
        self._folded = 0
        self._told: set[tuple[str, str]] = set()

    def next_candidate(self) -> Candidate:
        """Wait until a mirror may be asked, and return it: fewest failures first, then in the configured order."""
        while True:
            left = [candidate for candidate in self.candidates if not candidate.given_up]
            if not left:
                raise DownloadError(self._story())
            now = time.monotonic()
            soon = [each for each in left if each.not_before <= now + SHORT_WAIT]
            candidate = (
                min(soon, key=lambda each: each.failures) if soon else min(left, key=lambda each: each.not_before)
            )
            pause = candidate.not_before - now
            if pause <= 0:
                return candidate
            if not soon and candidate.last:
                self._say_waiting(candidate, candidate.last, now)
            time.sleep(min(pause, SHORT_WAIT))
            for each in left:
                each.look_around(time.monotonic())

    def _say_waiting(self, candidate: Candidate, error: AttemptFailedError, now: float) -> None:
        """Report what the download waits for, once for each reason."""
        reason = (candidate.url, re.sub(r"[0-9.,]+", "", str(error)))
        others_are_served = candidate.signs and candidate.alive is not None and now - candidate.alive < QUIET
        if reason in self._told or others_are_served:
            return
        self._told.add(reason)
        end = f"{self.limits.patience / 3600:g} h without a byte"
        if not error.cause.may_heal:
            end += f", or {self.limits.attempts} such answers"
        log.warning(
            "%s: waiting for %s: %s. It is asked again from time to time, and given up after %s.",
            self.file, without_secrets(candidate.url), error, end,
        )  # fmt: skip

    def note(self, candidate: Candidate, result: str, received: int = 0, *, brought: bool = False) -> None:
        """Record how an attempt ended, and whether it brought the file."""
        url = without_secrets(candidate.url)
        entry = {"url": url, "at": record.now(), "bytes": max(0, received), "result": result, "brought": brought}
        self.attempts.append(entry)
        log.info("%s: %s", url, result)
        if len(self.attempts) > 2 * LISTED + 1:
            self._folded = self._folded or 1
            old, next_ = self.attempts[LISTED], self.attempts.pop(LISTED + 1)
            self._folded += 1
            result = f"{self._folded} attempts, not listed"
            self.attempts[LISTED] = next_ | {"bytes": old["bytes"] + next_["bytes"], "result": result}

    def failed(self, candidate: Candidate, error: AttemptFailedError, partial: Partial, before: int, cuts: int) -> None:
        """Record a failure, and let the candidate decide when to ask it again.

        Before the attempt, `before` bytes were on disk, and the file had changed `cuts` times. Only bytes that no
        earlier attempt brought count as progress. Otherwise a mirror that always starts at 0 would be asked for ever.
        """
        now, received = partial.have, partial.received
        error = candidate.judge_end(error, now, partial.sha256.hexdigest())
        self.note(candidate, str(error), now - before)
        if cuts < len(partial.cuts) <= self.limits.attempts:
            self.furthest = partial.cuts[-1]
        progress = now >= self.furthest + LEAST_OVERLAP and not error.slow
        if progress:
            self.furthest = now
        self._judge(candidate, error, progress=progress, in_vain=received - max(0, now - before) > OVERLAP)

    def unsound(self, candidate: Candidate, error: PartError, partial: Partial, before: int) -> None:
        """Record a complete but bad file. A mirror that sends the same bytes twice really has that file: give it up."""
        twice = candidate.has_sent_before(partial.have, partial.sha256.hexdigest())
        may_be_a_page = (partial.known_origin.type or "").startswith("text/")
        self.note(candidate, what(error), partial.have - before)
        final = twice and not may_be_a_page
        self._judge(candidate, AttemptFailedError(what(error), final=final), in_vain=True)

    def refused(self, candidate: Candidate, error: AttemptFailedError) -> None:
        """Record that a local file can't be used."""
        self.note(candidate, str(error))
        self._judge(candidate, error)

    def _judge(
        self, candidate: Candidate, error: AttemptFailedError, *, progress: bool = False, in_vain: bool = False
    ) -> None:
        if error.busy and candidate.signs is None:
            candidate.signs = Signs(self.file, candidate.url)
        candidate.failed(error, self.limits, time.monotonic(), progress=progress, in_vain=in_vain)

    def record(self, origin: Origin, sha256: str, stat: os.stat_result, final_url: str | None = None) -> None:
        """Write the record of the finished file. Warns if an earlier download had other bytes."""
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

    def _story(self) -> Explanation:
        lines = [f"{entry['at']} {entry['url']}: {entry['result']}" for entry in self.attempts]
        last = f"{self.attempts[-1]['url']}: {self.attempts[-1]['result'].removesuffix('.')}"
        count = len(lines) + max(0, self._folded - 1)
        # In the order of the mirrors, each remedy once.
        remedies = dict.fromkeys(each.last.cause.value for each in self.candidates if each.last)
        return Explanation(
            f"{self.file} could not be downloaded, from {_count(len(self.candidates), 'mirror')}, "
            f"in {_count(count, 'attempt')}. The last one: {last}",
            do="; or ".join(remedies),
            details="\n  All attempts:\n  " + "\n  ".join(lines),
        )


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" + "s" * (number != 1)
