"""Why an attempt to download a file failed, whether waiting may help, and what a user can do."""

from enum import Enum

LONGEST_REASON = 300
"""Characters of a reason at most. A reason may quote what a mirror sent."""


class Cause(Enum):
    """Why an attempt failed. The value is what the user can do."""

    AWAY = "run the same command again later, which goes on where this one stopped"
    """The mirror or the network does not answer, or is overloaded. Waiting may help."""
    BAD = "add another mirror to `mirrors` in config.yaml"
    """The mirror sent bad bytes."""
    ADDRESS = "check the address in `mirrors` in config.yaml"
    ACCESS = "check the token or password for this mirror (docs/mirrors.md, Credentials)"
    CERTIFICATE = "check the address in `mirrors` in config.yaml, and the clock and the certificates of this machine"
    PROXY = "check the proxy that the environment names (https_proxy, http_proxy)"
    OTHER = (
        "if the mirror really has another file now, delete the unfinished `.part` file, and run the same command again"
    )
    SPACE = "make room on the disk, and run the same command again"

    @property
    def may_heal(self) -> bool:
        """Return whether waiting may help."""
        return self in (Cause.AWAY, Cause.PROXY)


class AttemptFailedError(Exception):
    """One attempt failed.

    - `final`: another attempt at this mirror would fail, too.
    - `wait`: seconds that the mirror requested.
    - `busy`: the mirror has too many connections.
    - `slow`: the bytes that came don't count as progress.
    - `ended`: the mirror ended the file early, and closed the connection without an error.
    """

    def __init__(
        self,
        reason: str,
        cause: Cause = Cause.BAD,
        *,
        final: bool = False,
        wait: float | None = None,
        busy: bool = False,
        slow: bool = False,
        ended: bool = False,
    ) -> None:
        super().__init__(printable(reason))
        self.cause = cause
        self.final = final
        self.wait = wait
        self.busy = busy
        self.slow = slow
        self.ended = ended


class ResumeFailedError(AttemptFailedError):
    """The mirror does not send the rest of the file. The next request is for the whole file. No byte is dropped yet."""


def printable(text: str) -> str:
    """Return a text of strangers in one short line, without control characters, which act on a terminal."""
    text = " ".join(text.split())
    text = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + "..."
