"""Which exports exist, told from names and sizes of files alone."""

import os
from collections.abc import Iterator
from pathlib import Path

from laion2b.names import RECORD, TEMPORARY

from .names import FOLDER, OF_PARTS

DISK_SECTOR = 512
"""Bytes of the unit in which the file system reports the disk that a file takes."""


def sizes() -> dict[str, int]:
    """Return the bytes of each export in the current directory, by its path. Files of parts count as one."""
    folder = Path(FOLDER)
    if not folder.is_dir():
        return {}
    entries = [entry for entry in sorted(folder.iterdir()) if entry.suffix not in (RECORD, TEMPORARY)]
    return {
        f"{entry.as_posix()}{'/' * entry.is_dir()}": sum(file.st_size for file in _files(entry))
        for entry in entries
        if entry.is_file() or entry.name not in OF_PARTS
    }


def on_disk() -> dict[str, int]:
    """Return the bytes on the disk of all that is in exports/, as `exports`, if there is any. A link takes none."""
    if not Path(FOLDER).is_dir():
        return {}
    elsewhere = {file.stat().st_ino for file in Path().iterdir() if file.is_file()}
    taken = {file.st_ino: file.st_blocks * DISK_SECTOR for file in _files(Path(FOLDER))}
    return {FOLDER: sum(size for inode, size in taken.items() if inode not in elsewhere)}


def _files(path: Path) -> Iterator[os.stat_result]:
    """Yield what is known of a file, or of each file below a folder. Some may vanish meanwhile."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        try:
            if not file.is_dir():
                yield file.lstat()
        except FileNotFoundError:
            continue
