"""The record beside each part: where it came from, and what its bytes were."""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from .errors import PartError, explain
from .files import beside, read_json, write_json

TOUCHED_WITHIN = 600
"""Seconds after its download in which a file's time may change without a doubt about its bytes."""


def path_for(file: Path) -> Path:
    """Return where the record of `file` lives."""
    return beside(file, ".json")


def read(file: Path) -> dict | None:
    """Return the record of `file`, which may be gone already, or None where there is no credible one."""
    content = read_json(path_for(file)) or {}
    kinds = {"adopted": bool, "size": int, "inode": int, "mtime_ns": int, "sha256": str}
    if not all(isinstance(content.get(key), kind) for key, kind in kinds.items()):
        return None
    try:
        datetime.fromisoformat(content["finished"])
    except (KeyError, TypeError, ValueError):
        return None
    return content


def is_downloaded(file: Path) -> bool:
    """Tell whether a file is the one that this workflow downloaded, and not one that the user put in its place."""
    known = read(file)
    return bool(known and not known["adopted"] and _is_same(file, known))


def _is_same(file: Path, known: dict) -> bool:
    stat = file.stat()
    if (stat.st_size, stat.st_ino) != (known["size"], known["inode"]):
        return False
    # Snakemake touches a file soon after its job, so the time may be a little later than was recorded.
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
    """Write the record of `file`, of which `stat` was taken when it was complete.

    `url` is None for a file that the user put there; redirects led to `final_url`.
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


def _identity(stat: os.stat_result) -> dict[str, int]:
    return {"size": stat.st_size, "inode": stat.st_ino, "mtime_ns": stat.st_mtime_ns}


def check(file: Path) -> None:
    """Raise PartError if `file` has a record, was changed since, and holds other bytes than the record says."""
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
                do=f"delete {file} to have it fetched again, or delete {path_for(file)} to use the file as it is",
            )
        )
    with suppress(OSError):  # the same bytes, but the user's file, and perhaps in a folder that others own
        write_json(path_for(file), known | _identity(file.stat()) | {"adopted": True})


def adopt(file: Path) -> bool:
    """Write the record of a file that has none because the user put it there; tell whether that was so."""
    if read(file):
        return False
    write(file, url=None, stat=file.stat(), sha256=sha256_of(file), started=now())
    return True


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def now() -> str:
    """Return the time as records write it: UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
