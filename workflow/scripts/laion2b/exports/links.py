"""A second name for a file, as a hard link: it takes no space, and a container can read it, unlike a symbolic link."""

import errno
import logging
import os
import tempfile
from pathlib import Path

from laion2b.files import Output, allocate, appearing, flush
from laion2b.formats.blocks import blocks
from laion2b.names import TEMPORARY, with_ending

log = logging.getLogger(__name__)

IMPOSSIBLE = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS)
"""The errors that say that this file can't have a link there."""


def link(source: Path, target: Path) -> bool:
    """Give `source` the name `target` as well, in place of what has it; where that can't be, copy it, with a warning.

    Tell whether it is a link. Nothing is ever written into a link: a new one replaces the old one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return True
    temporary = with_ending(target, TEMPORARY)
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(source)
    except OSError as error:
        if error.errno not in IMPOSSIBLE:
            raise
        log.warning("%s is a copy of %s, because it can't be a link: %s.", target, source, error.strerror)
        _copy(source, target)
        return False
    temporary.replace(target)
    flush(target.parent)
    return True


def are_possible(source: Path, folder: Path) -> bool:
    """Tell whether files in the folder of `source` can have links in `folder`, of which parents may be missing yet."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=source, prefix=".link-") as file:
            name = there / Path(file.name).name.replace(".link-", ".linked-")
            name.hardlink_to(file.name)
            name.unlink()
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    with appearing(target) as (temporary,), temporary.open("wb", buffering=0) as file, source.open("rb", 0) as stream:
        size = os.fstat(stream.fileno()).st_size
        allocate(file.fileno(), size, target)
        output = Output(file.fileno())
        if not output.share(stream.fileno(), 0, size):
            for block in blocks(stream, size):
                output.write(block)
