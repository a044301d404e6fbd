"""Write files that get their final name when they are complete, and that have one writer at a time."""

import ctypes
import errno
import fcntl
import json
import logging
import os
import shutil
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .errors import PartError
from .names import TEMPORARY, with_ending

log = logging.getLogger(__name__)

KINDS = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
KINDS |= {stat.S_ISCHR: "a device", stat.S_ISBLK: "a device"}
"""Entries of a folder that are not regular files."""
RESERVE = 100_000_000
"""Bytes of the disk that are left free, or a fiftieth of a small disk."""
WRITE_OUT = 8 * 1024 * 1024
"""Start writing to disk after this many bytes."""
SYNC_FILE_RANGE = getattr(ctypes.CDLL(None), "sync_file_range", None)
"""Linux's call that starts writing to disk. Python's library lacks it. On other systems it is None."""
SYNC_FILE_RANGE_WRITE = 2
"""Start, and wait for nothing. (posix_fadvise(DONTNEED) starts, too, but then drops pages from the cache.)"""
BUFFERS_AT_ONCE = 512
"""Buffers in one write. The kernel takes at most 1024."""
SHARE = getattr(fcntl, "FICLONERANGE", 0x4020940D)
"""The request of ioctl_ficlonerange(2), which Python knows by name from 3.14 on."""

if SYNC_FILE_RANGE:
    SYNC_FILE_RANGE.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


def check_regular(path: Path) -> None:
    """Raise PartError unless `path` is a regular file, OSError if it is missing. A pipe or a device may never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in KINDS.items() if is_kind(mode)), "a special file")
        cause, do = "the path leads to something else", "correct the path, or put the file there"
        raise PartError.unsound(path, kind, "a regular file", cause, do)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Lock the file at `path` and yield its descriptor. A file that does not exist is created.

    Waits while another process holds the lock: a second run, or a job that outlived the run that started it. With
    `wait` false it raises BlockingIOError instead. The file may be renamed or removed inside the block. A process that
    waited for the lock then starts with a new file.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, path, wait)
            if is_at(descriptor, path):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, path: Path, wait: bool) -> None:
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise
            log.warning("%s is being written by another run. This one waits for it.", path)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        log.info("%s: this file system has no locks. Do not start two runs at once on it.", path)


def is_at(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is the one that has this name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def leave_reserve(path: Path, size: int = 0) -> None:
    """Raise OSError (no space) if `size` more bytes on the disk of `path` left no room for the run's logs and notes."""
    usage = shutil.disk_usage(path.parent)
    if usage.free - size < min(RESERVE, usage.total // 50):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def allocate(descriptor: int, size: int, path: Path) -> None:
    """Allocate the first `size` bytes of an open file, where that is possible. Raises OSError if there is no space."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        # Many network file systems can't, and glibc says EBADF then.
        if error.errno not in (errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    leave_reserve(path)


class Output:
    """Write one piece after the other to an open file. `position` is where the next piece goes.

    The disk works meanwhile. Without this, the kernel would let it idle until the file is flushed at the end.
    benchmarks/RESULTS.md shows what that costs.
    """

    def __init__(self, descriptor: int, position: int = 0) -> None:
        self.position = position
        self._descriptor = descriptor
        self._asked = position

    def write(self, *buffers: bytes | memoryview) -> None:
        """Write all buffers. The kernel may need several calls. Raises OSError."""
        for first in range(0, len(buffers), BUFFERS_AT_ONCE):
            self._write(buffers[first : first + BUFFERS_AT_ONCE])
        if self.position - self._asked >= WRITE_OUT:
            if SYNC_FILE_RANGE:
                size = self.position - self._asked
                SYNC_FILE_RANGE(self._descriptor, self._asked, size, SYNC_FILE_RANGE_WRITE)
            self._asked = self.position

    def _write(self, buffers: Sequence[bytes | memoryview]) -> None:
        while buffers:
            written = os.pwritev(self._descriptor, buffers, self.position)
            self.position += written
            while buffers and written >= len(buffers[0]):
                written -= len(buffers[0])
                buffers = buffers[1:]
            if buffers:
                buffers = [memoryview(buffers[0])[written:], *buffers[1:]]

    def share(self, source: int, offset: int, size: int) -> bool:
        """Share `size` bytes of another open file, which takes no space. Return False where that is impossible.

        XFS and Btrfs can share if position, offset and size are multiples of their blocks.
        """
        if not size:
            return True  # the kernel takes 0 for all bytes that follow
        try:
            fcntl.ioctl(self._descriptor, SHARE, struct.pack("qQQQ", source, offset, size, self.position))
        except OSError:
            return False
        self.position += size
        return True


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Add the name of a file to errors that come from its descriptor, which has no name."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def appearing(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Yield a temporary name for each path. When the block ends well, flush the files and rename them.

    The temporary name is always the same, so the next run overwrites what a killed run has left. If the block raises,
    the temporary files are removed, and the files at `paths` stay as they were.
    """
    temporary = tuple(with_ending(path, TEMPORARY) for path in paths)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        descriptors = [locks.enter_context(locked(file)) for file in temporary]
        try:
            with about(paths[0]):
                yield temporary
            for descriptor in descriptors:
                os.fsync(descriptor)
            for file, path in zip(temporary, paths, strict=True):
                file.replace(path)
        except BaseException:
            for file in temporary:
                file.unlink(missing_ok=True)
            raise
    for folder in {path.parent for path in paths}:
        flush(folder)


def flush(folder: Path) -> None:
    """Make the names in a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: dict) -> None:
    """Write `content` to `path`: all of it or nothing."""
    with appearing(path) as (temporary,):
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict | None:
    """Return the JSON object in `path`, or None if there is none or it can't be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def name_if_free(path: Path, final: Path) -> bool:
    """Rename a file, and return True. If the name is taken, delete the file, leave the other, and return False."""
    try:
        os.link(path, final)
    except FileExistsError:
        path.unlink()
        return False
    except OSError:  # a file system without hard links
        if final.exists():
            path.unlink()
            return False
        path.replace(final)
        return True
    path.unlink()
    return True
