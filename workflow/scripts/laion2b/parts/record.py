"""The record of each file of a part: where it came from, and what its bytes were."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from laion2b.errors import PartError, explain
from laion2b.files import check_regular, read_json, write_json
from laion2b.names import RECORD, with_ending

BROUGHT = ("complete", "linked")
"""How the attempt that brought the file ended in records that lack `brought`, which earlier versions wrote."""
TOUCHED_WITHIN = 600
"""For so many seconds after a download, a new time of the file does not mean new bytes."""


def path_for(file: Path) -> Path:
    """Return the path of the record of `file`."""
    return with_ending(file, RECORD)


def read(file: Path) -> dict | None:
    """Return the record of `file`, or None if there is none that makes sense. The file itself may be missing."""
    content = read_json(path_for(file)) or {}
    kinds = {"adopted": bool, "size": int, "inode": int, "mtime_ns": int, "sha256": str}
    if not all(isinstance(content.get(key), kind) for key, kind in kinds.items()):
        return None
    return content if is_time(content.get("finished")) else None


def attempts(content: Mapping) -> list[dict]:
    """Return the attempts in a record. Entries that are no attempts are left out.

    `brought` says whether an attempt brought the file.
    """
    known = content.get("attempts")
    found = [each for each in known if _is_attempt(each)] if isinstance(known, list) else []
    return [{"brought": each["result"] in BROUGHT} | each for each in found]


def _is_attempt(entry: object) -> bool:
    kinds = {"url": str, "at": str, "bytes": int, "result": str, "brought": bool}
    if not isinstance(entry, dict):
        return False
    known = {"brought": False} | entry  # older records lack it
    if not all(isinstance(known.get(key), kind) for key, kind in kinds.items()):
        return False
    try:
        urlsplit(entry["url"])
    except ValueError:
        return False
    return is_time(entry["at"])


def is_time(text: object) -> bool:
    """Return whether a text is a time as `now` writes it."""
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def is_downloaded(file: Path) -> bool:
    """Return whether this workflow downloaded a file. The user may have put another one in its place."""
    known = read(file)
    return bool(known and not known["adopted"] and _is_same(file, known))


def is_unchanged(file: Path) -> bool:
    """Tell whether a file has a record and is, by its size, its place on the disk and its time, still that file."""
    known = read(file)
    return bool(known and _is_same(file, known))


def _is_same(file: Path, known: dict) -> bool:
    stat = file.stat()
    if (stat.st_size, stat.st_ino) != (known["size"], known["inode"]):
        return False
    # Snakemake touches a file soon after its job, so its time may be a little later than the recorded one.
    finished = datetime.fromisoformat(known["finished"]).timestamp()
    return stat.st_mtime_ns == known["mtime_ns"] or abs(stat.st_mtime - finished) < TOUCHED_WITHIN


def write(
    file: Path,
    *,
    url: str | None,
    final_url: str | None = None,
    stat: os.stat_result,
    sha256: str,
    started: str,
    etag: str | None = None,
    last_modified: str | None = None,
    attempts: list[dict] | None = None,
) -> None:
    """Write the record of `file`. `stat` is that of the complete file.

    `url` is None for a file that the user put there. Redirects led to `final_url`.
    """
    write_json(
        path_for(file),
        {
            "file": file.name,
            "url": url,
            "final_url": final_url,
            "adopted": url is None,
            **_identity(stat),
            "sha256": sha256,
            "etag": etag,
            "last_modified": last_modified,
            "attempts": attempts or [],
            "started": started,
            "finished": now(),
        },
    )


def add(file: Path, **keys: object) -> None:
    """Add keys to the record of `file`, if it has one."""
    if known := read(file):
        write_json(path_for(file), known | keys)


def add_family(file: Path, family: str | None) -> None:
    """Add the family of embeddings to the record of `file`, if it has one."""
    if family:
        add(file, family=family)


def _identity(stat: os.stat_result) -> dict[str, int]:
    return {"size": stat.st_size, "inode": stat.st_ino, "mtime_ns": stat.st_mtime_ns}


def check_unchanged(file: Path) -> None:
    """Raise PartError if `file` has a record, but now has other bytes than the record says."""
    known = read(file)
    if known is None or _is_same(file, known):
        return
    sha256 = sha256_of(file)
    if sha256 != known["sha256"]:
        raise PartError(
            explain(
                file,
                found=f"{file.stat().st_size:,} bytes with SHA-256 {sha256}",
                expected=f"{known['size']:,} bytes with {known['sha256']}, as {path_for(file).name} says",
                cause="the file was replaced, cut or damaged after it was downloaded",
                do=f"delete {file} to download it again, or delete {path_for(file)} to use the file as it is",
            )
        )
    with suppress(OSError):  # the same bytes, but a file of the user, perhaps in a folder that others own
        write_json(path_for(file), known | _identity(file.stat()) | {"adopted": True})


def check_family(file: Path, family: str | None) -> None:
    """Raise PartError if the record of `file`, which need not exist, is of another family of embeddings.

    Records of earlier versions say no family, and fit each. So does each record if no family is asked for.
    """
    known = (read_json(path_for(file)) or {}).get("family")
    if known and family and known != family and file.exists():
        raise PartError(
            explain(
                file,
                found=f"a file of the family {known}, as {path_for(file).name} says",
                expected=f"one of {family}, as `family` in the configuration says",
                cause="this working directory is that of another family",
                do="use another working directory, with --directory; or correct `family`",
            )
        )


def adopt(file: Path, sha256: str | None = None, family: str | None = None) -> bool:
    """Write the record of a file that the user put there. Return False if it has a record already."""
    if read(file):
        return False
    write(file, url=None, stat=file.stat(), sha256=sha256 or sha256_of(file), started=now())
    add_family(file, family)
    return True


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal. Raises PartError for anything but a regular file."""
    check_regular(file)
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def now() -> str:
    """Return the time in the form of records: UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
