"""A file on its way: `NAME.part`, the note of where its bytes come from beside it, and the lock on it."""

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from .files import Output, about, beside, flush, is_at, leave_reserve, locked, read_json, write_json

OVERLAP = 64 * 1024
"""Bytes at the end of a `.part` that are asked for again and compared before a download goes on."""


@dataclass(frozen=True)
class Origin:
    """What a mirror said about the file whose bytes are in the `.part`."""

    url: str
    """Without query string: signed queries are credentials, and change from request to request."""
    total: int
    """Bytes of the whole file."""
    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def read(cls, note: Path) -> "Origin | None":
        """Return the origin noted in a file, or None where nothing credible is."""
        try:
            origin = cls(**(read_json(note) or {}))
        except TypeError:
            return None
        texts = (origin.url, origin.etag or "", origin.last_modified or "")
        credible = all(isinstance(text, str) for text in texts) and isinstance(origin.total, int)
        return origin if credible else None

    def validator(self) -> str | None:
        """Return what If-Range may carry: a strong ETag, else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    def contradicts(self, other: "Origin") -> bool:
        """Tell whether two answers for one URL speak of different files; what is not said contradicts nothing."""
        pairs = [(self.etag, other.etag), (self.last_modified, other.last_modified)]
        return self.total != other.total or any(a and b and a != b for a, b in pairs)


class Partial:
    """The `.part` of one file, open and locked as long as the context lasts.

    Attributes: `have`, the bytes on disk that count; `origin`, where they come from (None: nothing counts);
    `sha256`, the running hash of the first `have` bytes; `final_url`, where redirects led the last request.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = beside(final, ".part")
        self.note = beside(final, ".part.json")
        self.origin: Origin | None = None
        self.sha256 = hashlib.sha256()
        self.final_url: str | None = None

    def __enter__(self) -> "Partial":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = locked(self.path)
        self._descriptor = self._lock.__enter__()
        self._output = Output(self._descriptor)
        self._take_stock()
        return self

    @property
    def have(self) -> int:
        """Bytes on disk that count."""
        return self._output.position

    def __exit__(self, *error: object) -> None:
        if self.have == 0 and is_at(self._descriptor, self.path):
            self.note.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)
        self._lock.__exit__(*error)

    def _take_stock(self) -> None:
        size = os.fstat(self._descriptor).st_size
        origin = Origin.read(self.note)
        if origin is None or not 0 < size <= origin.total:
            self.discard()
            return
        self.origin = origin
        with self.path.open("rb") as stream:
            self.sha256 = hashlib.file_digest(stream, "sha256")
        self._output = Output(self._descriptor, size)

    def discard(self) -> None:
        """Forget all bytes."""
        os.ftruncate(self._descriptor, 0)
        self.note.unlink(missing_ok=True)
        self.origin, self.sha256, self._output = None, hashlib.sha256(), Output(self._descriptor)

    def start(self, origin: Origin) -> None:
        """Begin the file anew; the note is on disk before the first byte is."""
        self.discard()
        self.belongs_to(origin)

    def belongs_to(self, origin: Origin) -> None:
        """Note where the next bytes come from."""
        if origin != self.origin:
            write_json(self.note, asdict(origin))
            self.origin = origin

    def room(self) -> int:
        """Return how many bytes the disk can take."""
        return shutil.disk_usage(self.path.parent).free

    def tail(self) -> bytes:
        """Return the last bytes on disk, at most OVERLAP of them."""
        length = min(OVERLAP, self.have)
        return os.pread(self._descriptor, length, self.have - length)

    def append(self, data: bytes) -> None:
        """Write and hash the next bytes."""
        leave_reserve(self.path, len(data))
        self.sha256.update(data)
        with about(self.path):
            self._output.write(memoryview(data))

    def publish(self) -> None:
        """Give the complete file its final name."""
        os.fsync(self._descriptor)
        self.path.replace(self.final)
        flush(self.final.parent)
        self.note.unlink()

    def stat(self) -> os.stat_result:
        """Return what the file system says of the bytes when they have reached the disk."""
        os.fsync(self._descriptor)
        return os.fstat(self._descriptor)


def sweep(final: Path) -> None:
    """Remove what is left of a download whose file is there by other means, unless another run is at it."""
    path, note = beside(final, ".part"), beside(final, ".part.json")
    if path.exists() or note.exists():
        with suppress(BlockingIOError), locked(path, wait=False):
            note.unlink(missing_ok=True)
            path.unlink()
