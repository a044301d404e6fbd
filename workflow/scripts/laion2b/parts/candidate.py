"""One mirror of one file: what it has sent so far, and when to ask it again."""

import random
from dataclasses import dataclass, field

from .failure import AttemptFailedError, ResumeFailedError
from .http import Limits
from .signs import Signs

BACK_OFF_LIMIT = 300
"""Seconds at most between two attempts, unless the mirror requests a longer wait."""
AFTER_PROGRESS = 0.1
"""The pause after an attempt that brought bytes, as a fraction of the first pause without."""


@dataclass
class Candidate:
    """What is known of a mirror with respect to one file. All times are in seconds of one clock."""

    url: str
    failures: int = 0
    """Failures in a row without progress. More of them mean longer pauses and a later turn."""
    bad: int = 0
    """Those of them that brought bad bytes."""
    alive: float | None = None
    """When bytes came last. If none came, when the first attempt failed."""
    not_before: float = 0.0
    """When to ask again."""
    not_sooner_than: float = 0.0
    """The earliest time to ask again, by a Retry-After. Nothing that happens meanwhile makes it earlier."""
    whole: bool = False
    """Resuming failed, so the next request is for the whole file."""
    seen: set[tuple[int, str]] = field(default_factory=set)
    """Sizes and SHA-256 of bad files that the mirror sent as the whole file."""
    ends_early: bool = False
    """The file ended twice at the same byte. Either it ends there, or the mirror limits its answers."""
    signs: Signs | None = None
    """What other downloads get from a mirror that has too many connections."""
    last: AttemptFailedError | None = None
    """The last failure."""
    given_up: bool = False

    def failed(self, error: AttemptFailedError, limits: Limits, now: float, *, progress: bool, in_vain: bool) -> None:
        """Decide whether to ask the mirror again, and when.

        `progress` means that the attempt brought new bytes. `in_vain` means that it brought many that were on disk.
        """
        self.last = error
        self.whole = isinstance(error, ResumeFailedError)
        if progress or self.alive is None:
            self.alive = now
        if progress:
            self.failures = self.bad = 0
            self.ends_early = False
            pause = limits.back_off * AFTER_PROGRESS
        else:
            self.failures += 1
            self.bad += in_vain or not error.cause.may_heal
            pause = min(limits.back_off * 2 ** min(self.failures - 1, 20), BACK_OFF_LIMIT)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - not cryptography
        self.not_sooner_than = now + max(error.wait or 0, min(pause, limits.back_off) * jitter)
        self.not_before = max(min(now + pause * jitter, self.alive + limits.patience), self.not_sooner_than)
        if error.busy:
            self.look_around(now)
        else:
            self.signs = None
        out_of_patience = not progress and now >= self.alive + limits.patience
        self.given_up = error.final or self.bad >= limits.attempts or out_of_patience

    def judge_end(self, error: AttemptFailedError, size: int, sha256: str) -> AttemptFailedError:
        """Return the error. It is final if the file ends early on the mirror.

        That is so if it ends twice at the same byte. If the last request was for the whole file, one more try at the
        rest is worth it: the resume may have failed by accident.
        """
        before = self.ends_early
        if error.ended and self.has_sent_before(size, sha256):
            self.ends_early = True
            if before or not self.whole:
                return AttemptFailedError(f"{error}, as it did before", final=True)
        elif before and isinstance(error, ResumeFailedError):
            return AttemptFailedError(f"{error}, and the whole file ends after {size:,} bytes", final=True)
        return error

    def has_sent_before(self, size: int, sha256: str) -> bool:
        """Remember a bad file that the mirror sent as the whole file. Return whether it sent the same one before."""
        known = (size, sha256) in self.seen
        self.seen.add((size, sha256))
        return known

    def look_around(self, now: float) -> None:
        """See what others get from a mirror that has too many connections. It works, and may be free now."""
        if self.signs is None:
            return
        self.signs.look()
        if self.signs.alive:
            self.alive = now
        if self.signs.finished:
            self.not_before = min(self.not_before, max(now, self.not_sooner_than))
