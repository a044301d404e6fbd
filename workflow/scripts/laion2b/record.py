"""The record beside each part: where it came from, and what its bytes were."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from .errors import PartError, explain
from .files import beside, read_json, write_json


def path_for(file: Path) -> Path:
    """Return where the record of `file` lives."""
    return beside(file, ".json")


def read(file: Path) -> dict | None:
    """Return the record of `file`, or None where it has none."""
    content = read_json(path_for(file))
    return content if content and isinstance(content.get("size"), int) else None


def write(
    file: Path,
    *,
    url: str | None,
    final_url: str | None = None,
    size: int,
    sha256: str,
    started: str,
    etag: str | None = None,
    last_modified: str | None = None,
    attempts: list[dict] | None = None,
) -> None:
    """Write the record of `file`. `url` is None for a file that the user put there; redirects led to `final_url`."""
    write_json(
        path_for(file),
        {
            "file": file.name,
            "url": url,
            "final_url": final_url,
            "size": size,
            "sha256": sha256,
            "etag": etag,
            "last_modified": last_modified,
            "attempts": attempts or [],
            "started": started,
            "finished": now(),
        },
    )


def check_size(file: Path) -> None:
    """Raise PartError if `file` has a record, and another size than the record says."""
    known, size = read(file), file.stat().st_size
    if known and known["size"] != size:
        raise PartError(
            explain(
                file,
                found=f"{size:,} bytes",
                expected=f"{known['size']:,}, as {path_for(file).name} says",
                cause="the file was replaced or cut after it was downloaded",
                do=f"delete {file} to have it fetched again, or delete {path_for(file)} to use the file as it is",
            )
        )


def adopt(file: Path) -> bool:
    """Write the record of a file that has none because the user put it there; tell whether that was so."""
    if read(file):
        return False
    write(file, url=None, size=file.stat().st_size, sha256=sha256_of(file), started=now())
    return True


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def now() -> str:
    """Return the time as records write it: UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
