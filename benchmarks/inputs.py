"""Parts of full size, and shards of them, made once and kept until the folder is removed."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.measure import REPOSITORY
from mirror import synthetic

CORES = 2


@dataclass(frozen=True)
class Part:
    """The two files of a part."""

    number: int
    embeddings: Path
    metadata: Path

    @property
    def files(self) -> tuple[Path, Path]:
        """Both files."""
        return self.embeddings, self.metadata


def parts(folder: Path, count: int, rows: int) -> list[Part]:
    """Return parts 1..count with this many rows, in the layout of the upstream mirror. Makes those that are missing."""
    found = [
        Part(n, folder / synthetic.EMBEDDINGS.format(part=n), folder / synthetic.METADATA.format(part=n))
        for n in range(1, count + 1)
    ]
    missing = [part.number for part in found if not _mark(folder, part.number, rows).exists()]
    # Processes of their own, so that this one stays small.
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(lambda number: _make(folder, number, rows), missing))
    return found


def _make(folder: Path, number: int, rows: int) -> None:
    program = f"import pathlib, mirror.synthetic as s; s.write_part(pathlib.Path({str(folder)!r}), {number}, {rows})"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)
    _mark(folder, number, rows).touch()


def _mark(folder: Path, number: int, rows: int) -> Path:
    """Return the file that marks a part as complete, with this many rows."""
    return folder / f".{number}-{rows}"


def mask(part: Part, target: Path) -> Path:
    """Save the mask of a part's rows, True = keep, shape (rows,), and return where."""
    tags = pq.read_table(part.metadata, columns=["NSFW"])["NSFW"].to_pylist()
    np.save(target, np.array([tag is not None and tag != "NSFW" for tag in tags]))
    return target


def shards(folder: Path, sources: Sequence[Part], count: int) -> list[Path]:
    """Make shards 1..count of the sources in turn, and return their names without ending.

    Shards of the same source are one file under several names: so many bytes pass, but fewer have to stay in memory.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number in range(1, count + 1):
        source = sources[(number - 1) % len(sources)]
        names = [folder / f"{number:04d}.{ending}" for ending in ("h5", "tsv", "json")]
        first = [folder / f"{source.number:04d}.{ending}" for ending in ("h5", "tsv", "json")]
        if number == source.number:
            command = ["-m", "benchmarks.jobs", "filter_part", f"{number:04d}", *source.files, folder]
            subprocess.run([sys.executable, *map(str, command)], cwd=REPOSITORY, check=True)
        else:
            names[0].symlink_to(first[0])
            names[1].symlink_to(first[1])
            content = first[2].read_text().replace(f'"part": "{source.number:04d}"', f'"part": "{number:04d}"')
            names[2].write_text(content)
    return [folder / f"{number:04d}" for number in range(1, count + 1)]
