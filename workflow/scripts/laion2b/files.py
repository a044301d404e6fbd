"""Files that appear under their final name only when they are complete."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def beside(path: Path, ending: str) -> Path:
    """Return the name of a companion of `path` in the same folder: `x.npy` and `.part` give `x.npy.part`."""
    return path.with_name(path.name + ending)


@contextmanager
def appearing(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Yield a temporary name for each path; when the block ends well, flush the files and rename them.

    The temporary name is always the same, so what a killed run leaves behind is overwritten by the next one.
    If the block raises, the temporary files are removed and whatever was at `paths` before stays as it was.
    """
    temporary = tuple(beside(path, ".tmp") for path in paths)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        for file in temporary:
            flush(file)
        for file, path in zip(temporary, paths, strict=True):
            file.replace(path)
    except BaseException:
        for file in temporary:
            file.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in paths}:
        flush(folder)


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: dict) -> None:
    """Write `content` to `path`, all of it or nothing."""
    with appearing(path) as (temporary,):
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict | None:
    """Return the JSON object in `path`, or None where there is none or it is not readable as one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None
