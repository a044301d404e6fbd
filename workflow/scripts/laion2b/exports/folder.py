"""A folder of files that an export writes, next to which users may put their own.

The folder's record says which files the export wrote. Only those are replaced, or deleted when the export has them no
more. Snakemake never deletes such a folder.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from laion2b.errors import ConfigError, explain
from laion2b.files import flush, read_json, write_json
from laion2b.names import TEMPORARY, with_ending

RECORD = ".written.json"
Identities = dict[str, list[list[int]]]
"""Of each file, inode and size; of one that is being replaced, those of both."""


def _read(folder: Path) -> tuple[Identities, bool]:
    """Return the files that the export wrote, and whether it wrote all."""
    record = read_json(folder / RECORD) or {}
    return record.get("files", {}), record.get("complete", False)


def _note(folder: Path, known: Identities, *, complete: bool) -> None:
    write_json(folder / RECORD, {"complete": complete, "files": known})


def _identity(file: Path) -> list[int]:
    entry = file.stat()
    return [entry.st_ino, entry.st_size]


def _is_ours(folder: Path, name: str, known: Identities) -> bool:
    return _identity(folder / name) in known.get(name, [])


def check(folder: Path, is_forced: bool, rule: str) -> None:
    """Raise ConfigError if a folder exists, but not all that its export wrote; unless the export is forced.

    Snakemake takes a folder that exists for finished.
    """
    known, complete = _read(folder)
    missing = [name for name in known if not (folder / name).exists()]
    if not folder.exists() or is_forced or (complete and not missing):
        return
    raise ConfigError(
        explain(
            folder,
            found=f"no {missing[0]}" if missing else "a folder that this workflow did not write, or not to the end",
            expected="all files of the export",
            cause="you deleted or made it, or a run was killed",
            do=f"run the same command with `--forcerun {rule}`, which keeps your own files, or delete the folder",
        )
    )


def fill(folder: Path, writers: Mapping[str, Callable[[Path], object]]) -> list[Path]:
    """Write each file by its function, which is called with a path, and return the files.

    They are written to another folder first, so that this one is complete or absent. Files of an earlier export that
    are not among them are deleted. Raises ConfigError, before anything is written, if a file has one of these names
    that no export wrote.
    """
    known, _ = _read(folder)
    for name in writers:
        if (folder / name).exists() and not _is_ours(folder, name, known):
            raise ConfigError(
                explain(
                    folder / name,
                    found="a file that this workflow did not write, or that was changed since",
                    expected="none, or the one that it wrote",
                    cause="you put it there, or changed it",
                    do="move it to another place, and run the same command again",
                )
            )
    new = with_ending(folder, TEMPORARY)
    shutil.rmtree(new, ignore_errors=True)
    for name, write in writers.items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        write(new / name)
    written = {name: [_identity(new / name)] for name in writers}
    if folder.exists():
        _replace(folder, new, known, written)
    else:
        _note(new, written, complete=True)
        new.rename(folder)
    flush(folder.parent)
    return [folder / name for name in writers]


def _replace(folder: Path, new: Path, known: Identities, written: Identities) -> None:
    """Put new files in place of those that an export wrote."""
    _note(folder, known | {name: [*known.get(name, []), *now] for name, now in written.items()}, complete=False)
    for name in known.keys() - written.keys():
        if (folder / name).exists() and _is_ours(folder, name, known):
            (folder / name).unlink()
    for name in written:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(folder / name)
    _note(folder, written, complete=True)
    shutil.rmtree(new)


def files(folder: Path) -> list[Path]:
    """Return the files that the export wrote."""
    return [folder / name for name in _read(folder)[0]]
