"""An unfinished download: `NAME.part`, a note of where its bytes come from, and the lock on it."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from laion2b.files import (
    Output,
    about,
    flush,
    is_at,
    leave_reserve,
    locked,
    name_if_free,
    read_json,
    write_json,
)
from laion2b.names import NOTE, RECORD, TEMPORARY, UNFINISHED, with_ending

OVERLAP = 64 * 1024
"""Bytes at the end of a `.part` that are requested again and compared before a download goes on."""
LEAST_OVERLAP = 4 * 1024
SHARE_OF_OVERLAP = 50
"""The overlap is at most this fraction of what a mirror sends at once. So a mirror that cuts costs little more."""


@dataclass(frozen=True)
class Origin:
    """What a mirror said about the file whose bytes are in the `.part`."""

    url: str
    """Without query string. Signed queries are credentials, and change from request to request."""
    total: int
    """Bytes of the whole file."""
    etag: str | None = None
    last_modified: str | None = None
    type: str | None = None
    """The Content-Type."""

    @classmethod
    def read(cls, note: Path) -> "Origin | None":
        """Return the origin that a file notes, or None if it notes none that makes sense."""
        try:
            origin = cls(**(read_json(note) or {}))
        except TypeError:
            return None
        texts = (origin.url, origin.etag or "", origin.last_modified or "", origin.type or "")
        credible = all(isinstance(text, str) for text in texts) and isinstance(origin.total, int)
        return origin if credible else None


class Partial:
    """The `.part` of one file, open and locked.

    - `have`: how many bytes on disk count.
    - `origin`: where they come from. None means that no byte counts.
    - `sha256`: the running hash of the first `have` bytes.
    - `final_url`: where redirects led the last request.
    - `overlap`: how many bytes to request again.
    - `received`: how many bytes the last request brought, with those that were on disk.
    - `cuts`: the positions from which on bytes were dropped, because the file had changed.
    """

    def __init__(self, final: Path, descriptor: int) -> None:
        self.final = final
        self.path = with_ending(final, UNFINISHED)
        self.note = with_ending(final, NOTE)
        self.origin: Origin | None = None
        self.sha256 = hashlib.sha256()
        self.final_url: str | None = None
        self.overlap = OVERLAP
        self.received = 0
        self.cuts: list[int] = []
        self._descriptor = descriptor
        self._output = Output(descriptor)
        self._take_stock()

    @classmethod
    @contextmanager
    def open(cls, final: Path) -> Iterator["Partial"]:
        """Open the `.part` of a file and lock it. Waits while another process has it."""
        path = with_ending(final, UNFINISHED)
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path) as descriptor:
            partial = cls(final, descriptor)
            try:
                yield partial
            finally:
                if partial.have == 0 and is_at(descriptor, path):
                    partial.note.unlink(missing_ok=True)
                    path.unlink(missing_ok=True)

    @property
    def have(self) -> int:
        """How many bytes on disk count."""
        return self._output.position

    @property
    def known_origin(self) -> Origin:
        """Where the bytes on disk come from, once there are any."""
        if self.origin is None:
            raise ValueError(f"{self.path} holds nothing yet")
        return self.origin

    def _take_stock(self) -> None:
        size = os.fstat(self._descriptor).st_size
        origin = Origin.read(self.note)
        if origin is None or not 0 < size <= origin.total:
            self.discard()
            return
        self.origin = origin
        self._continue_at(size)

    def _continue_at(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)
        with self.path.open("rb") as stream:
            self.sha256 = hashlib.file_digest(stream, "sha256")
        self._output = Output(self._descriptor, size)

    def discard(self) -> None:
        """Forget all bytes."""
        os.ftruncate(self._descriptor, 0)
        self.note.unlink(missing_ok=True)
        self.origin, self.sha256, self._output = None, hashlib.sha256(), Output(self._descriptor)

    def cut(self, position: int) -> None:
        """Drop all bytes from `position` on, because the file has changed there."""
        self.cuts.append(position)
        self._continue_at(position)

    def belongs_to(self, origin: Origin) -> None:
        """Note where the next bytes come from. The note reaches the disk before they do."""
        if origin != self.origin:
            write_json(self.note, asdict(origin))
            self.origin = origin

    def room(self) -> int:
        """Return how many bytes the disk can take."""
        return shutil.disk_usage(self.path.parent).free

    def agrees(self, position: int, data: bytes) -> int:
        """Return how many bytes of `data` are equal to those on disk from `position` on, until one differs."""
        there = os.pread(self._descriptor, len(data), position)
        if there == data:
            return len(data)
        return next((at for at, (a, b) in enumerate(zip(there, data, strict=False)) if a != b), len(there))

    def adapt(self, received: int) -> None:
        """Remember how much a request brought, and choose the overlap by it."""
        self.received = received
        if received:
            self.overlap = min(OVERLAP, max(LEAST_OVERLAP, received // SHARE_OF_OVERLAP))

    def append(self, data: bytes) -> None:
        """Write and hash the next bytes."""
        leave_reserve(self.path, len(data))
        self.sha256.update(data)
        with about(self.path):
            self._output.write(memoryview(data))

    def publish(self) -> bool:
        """Give the complete file its final name. If the user has put another file there, drop it and return False."""
        os.fsync(self._descriptor)
        is_free = name_if_free(self.path, self.final)
        flush(self.final.parent)
        self.note.unlink()
        return is_free

    def stat(self) -> os.stat_result:
        """Return what the file system says of the file, after its bytes have reached the disk."""
        os.fsync(self._descriptor)
        return os.fstat(self._descriptor)


def sweep(final: Path) -> None:
    """Remove what killed runs have left of a file that is there, unless another run has locked it.

    That is the `.part` of a file that arrived another way, and a record that was being completed.
    """
    _remove(with_ending(final, NOTE), locked_by=with_ending(final, UNFINISHED))
    _remove(locked_by=with_ending(with_ending(final, RECORD), TEMPORARY))


def _remove(*files: Path, locked_by: Path) -> None:
    if any(file.exists() for file in (*files, locked_by)):
        with suppress(BlockingIOError), locked(locked_by, wait=False):
            for file in (*files, locked_by):
                file.unlink(missing_ok=True)
