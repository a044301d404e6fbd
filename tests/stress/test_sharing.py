"""On file systems that can share blocks, a product shares those of its shards where they align."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from laion2b.formats import hdf5
from laion2b.shards.filter import filter_part
from laion2b.subsets.concatenate import concatenate_embeddings, concatenate_metadata
from tests.support.shards import DEFINITION, write

MAKERS = {"xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"], "ext4": ["mkfs.ext4", "-q"]}
ROWS, LAST = 200_000, 384
"""Rows of 4 float16 numbers: ROWS of them end within a page, 2 * ROWS + LAST at the end of one."""


@pytest.fixture(params=MAKERS)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of a file system and an empty folder on it, in an image that is mounted for the test."""
    maker, folder, image = MAKERS[request.param], tmp_path / "disk", tmp_path / "image"
    for command in (maker[0], "filefrag"):
        if not shutil.which(command):
            pytest.skip(f"{command} is not installed")
    with image.open("wb") as file:
        file.truncate(400_000_000)
    subprocess.run([*maker, image], check=True, capture_output=True)
    folder.mkdir()
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"this machine mounts no images: {mounted.stderr.strip()}")
    yield request.param, folder
    subprocess.run(["umount", folder], check=True)


def shared(file: Path) -> int:
    """Return the bytes of a file that it shares with others."""
    listing = subprocess.run(["filefrag", "-e", "-b1", file], stdout=subprocess.PIPE, text=True, check=True).stdout
    extents = [line.split(":") for line in listing.splitlines() if re.match(r"\s*\d+:", line)]
    return sum(int(extent[3]) for extent in extents if "shared" in extent[-1])


def test_aligned_shards_are_shared_and_the_bytes_are_right(disk):
    kind, folder = disk
    files = {ending: [folder / f"{part:04d}.{ending}" for part in (1, 2, 3)] for ending in ("h5", "tsv", "json")}
    for part, rows in enumerate((ROWS, ROWS + LAST, 0)):
        paths = {"embeddings": folder / "x.npy", "metadata": folder / "x.parquet"}
        write(paths, ["a"] * rows)
        shard_embeddings, shard_metadata, shard_record = (files[ending][part] for ending in files)
        filter_part(
            **paths, shard_embeddings=shard_embeddings, shard_metadata=shard_metadata, shard_record=shard_record,
            part=f"{part + 1:04d}", definition=DEFINITION,
        )  # fmt: skip
    concatenate_embeddings(files["h5"], files["json"], folder / "subset.h5", DEFINITION)
    concatenate_metadata(files["tsv"], files["json"], folder / "subset.tsv", DEFINITION)

    parts = [hdf5.find_data(path) for path in (*files["h5"][:2], folder / "subset.h5")]
    assert parts[2].path.stat().st_size == parts[2].offset + parts[2].size
    first, second, both = (np.fromfile(part.path, "<f2", part.size // 2, offset=part.offset) for part in parts)
    assert both.tobytes() == first.tobytes() + second.tobytes()
    lines = [path.read_bytes() for path in files["tsv"]]
    assert (folder / "subset.tsv").read_bytes() == lines[0] + lines[1].removeprefix(DEFINITION.header())

    # The first shard lies where it lay in its own file, but for the pages that its end and the header touch.
    sizes = {"subset.h5": parts[0].size, "subset.tsv": len(lines[0])}
    for name, size in sizes.items():
        expected = size - 2 * hdf5.PAGE if kind != "ext4" else 0
        assert expected <= shared(folder / name) <= (size if kind != "ext4" else 0)
