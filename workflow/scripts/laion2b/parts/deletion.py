"""Delete the files of a part, but only those that this workflow downloaded or linked."""

import logging
from pathlib import Path

from laion2b.names import files_of_part

from . import record
from .partial import sweep

log = logging.getLogger("laion2b")


def delete_downloaded(folder: Path, part: str) -> None:
    """Delete the files of a part in `folder` that were downloaded or linked, and no file that the user put there."""
    for file in files_of_part(folder, part):
        if record.is_downloaded(file):
            file.unlink()
            sweep(file)
            log.info("%s deleted.", file)
        else:
            log.warning("%s is kept, because you put it there. This workflow deletes only what it downloaded.", file)
