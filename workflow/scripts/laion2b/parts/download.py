"""Download one file of a part from the first mirror that has all of it. A broken download goes on where it ended."""

import errno
import logging
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

from laion2b.errors import DownloadError, PartError, explain, what

from . import record
from .candidate import Candidate
from .failure import AttemptFailedError, Cause
from .history import History
from .http import Limits, Session, attempt, remote_size
from .mirrors import is_remote, local_path, without_secrets
from .partial import Origin, Partial

log = logging.getLogger(__name__)

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
"""Errors that mean that a file does not exist or may not be read. Others mean that a file system does not answer."""


def download(file: Path, addresses: Sequence[str], check: Callable[[Path, str], object], limits: Limits) -> None:
    """Bring `file` from the first of `addresses` (URLs or local paths) that has it, and write its record.

    `check(path, sha256)` raises PartError for a file that is not sound. Bytes go to `NAME.part`, which survives every
    failure. When it is complete and sound, it gets the final name. A file at a local address is linked, never copied or
    changed. Raises DownloadError, which lists the attempts, if no mirror has a sound file.
    """
    history = History(file, addresses, limits)
    with Session() as session, Partial.open(file) as partial:
        _drop_dead_link(file)
        if file.exists():  # from another run while this one waited for the lock, or from the user
            _take(file, check)
        elif _has_record(partial):  # a run was killed just before the file got its name
            partial.publish()
        history.furthest = partial.have
        while not (file.exists() or file.is_symlink()):
            candidate = history.next_candidate()
            if is_remote(candidate.url):
                _fetch(session, candidate, partial, check, history)
            else:
                _link(candidate, file, check, history)


def _drop_dead_link(file: Path) -> None:
    """Delete a link of ours whose original is missing. Raises PartError if the link is the user's."""
    if not file.is_symlink() or file.exists():
        return
    known = record.read(file)
    if not known or known["adopted"]:
        raise PartError(
            explain(
                file,
                found=f"a link to {file.readlink()}, which does not exist",
                expected="a link to a file",
                cause="a disk is not mounted, or the file was moved",
                do="mount the disk, or delete the link to have the file downloaded",
            )
        )
    file.unlink()


def _take(file: Path, check: Callable[[Path, str], object]) -> None:
    """Use a file that exists. Raises PartError if it is not sound, or not the one in its record."""
    if record.read(file):
        record.check_unchanged(file)
        return
    sha256 = record.sha256_of(file)
    check(file, sha256)
    record.adopt(file, sha256)


def _has_record(partial: Partial) -> bool:
    """Return whether the `.part` is complete, and its record is written."""
    known = record.read(partial.final) or {}
    return partial.have > 0 and (partial.have, partial.sha256.hexdigest()) == (known.get("size"), known.get("sha256"))


def size_on_mirrors(addresses: Sequence[str]) -> int | None:
    """Return the size of a file in bytes, from the first mirror that says it, or None. Downloads nothing.

    Raises DownloadError if every mirror says that it has no such file.
    """
    absent = []
    for address in addresses:
        try:
            size = remote_size(address) if is_remote(address) else _local_size(local_path(address))
        except ABSENT as error:
            absent.append(f"{without_secrets(address)}: {error.strerror}")
            continue
        if size:
            return size
    if len(absent) == len(addresses):
        raise DownloadError("; ".join(absent))
    return None


def _local_size(path: Path) -> int | None:
    """Return the size of a file in bytes, or None if its file system does not answer. Raises one of ABSENT."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    try:
        return path.stat().st_size
    except ABSENT:
        raise
    except OSError:  # a file server that does not answer
        return None


def _fetch(
    session: requests.Session,
    candidate: Candidate,
    partial: Partial,
    check: Callable[[Path, str], object],
    history: History,
) -> None:
    before, cuts = partial.have, len(partial.cuts)
    try:
        attempt(session, candidate.url, partial, history.limits, whole=candidate.whole)
    except AttemptFailedError as error:
        history.failed(candidate, error, partial, before, cuts)
        return
    found = partial.stat()
    if found.st_size != partial.have:
        raise OSError(errno.EIO, "the file has another size than what was written", str(partial.path))
    size, sha256 = partial.have, partial.sha256.hexdigest()
    try:
        check(partial.path, sha256)
    except PartError as error:
        history.unsound(candidate, error, partial, before)
        partial.discard()
        return
    history.note(candidate, "complete", size - before, brought=True)
    # The record comes first: a file without one counts as the user's own.
    history.record(partial.known_origin, sha256, found, partial.final_url)
    if not partial.publish():
        _leave(history.file)


def _link(candidate: Candidate, file: Path, check: Callable[[Path, str], object], history: History) -> None:
    original = local_path(candidate.url)
    try:
        found = original.stat()
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "this is not a file")
        sha256 = record.sha256_of(original)
        check(original, sha256)
    except OSError as error:
        reason = error.strerror or str(error)
        history.refused(candidate, AttemptFailedError(reason, Cause.ADDRESS, final=True))
        return
    except PartError as error:
        history.refused(candidate, AttemptFailedError(what(error), final=True))
        return
    history.note(candidate, "linked", brought=True)
    history.record(Origin(without_secrets(candidate.url), found.st_size), sha256, found)
    try:
        file.symlink_to(original)
    except FileExistsError:
        _leave(file)


def _leave(file: Path) -> None:
    """Use the file that the user put there during the download. The record was about the other one."""
    record.path_for(file).unlink(missing_ok=True)
    log.warning("You put %s there during its download. Your file is used, and the downloaded bytes are dropped.", file)
