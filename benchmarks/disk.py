"""Bytes: how many are read and written at each stage, and how much disk each choice takes at its peak."""

import threading
from argparse import Namespace
from pathlib import Path
from shutil import rmtree

from benchmarks import inputs
from benchmarks.builds import products, workflow
from benchmarks.measure import Contestant, run
from benchmarks.report import Table, megabytes
from mirror.server import MirrorServer

PARTS = 8
NESTED = (2, 4, 8)
CHOICES = (
    {},
    {"keep_shards": False},
    {"keep_parts": False},
    {"keep_parts": False, "keep_shards": False},
    {"layout": "virtual"},
    {"layout": "virtual", "keep_parts": False},
)


def measure(options: Namespace) -> dict[str, Table]:
    """Return the tables of bytes moved and of disk taken."""
    folder = options.folder / "disk parts"
    inputs.parts(folder, PARTS, options.disk_rows)
    with MirrorServer(folder) as mirror:
        return {"bytes": _bytes(options, mirror), "peak": _peak(options, mirror)}


def _bytes(options: Namespace, mirror: MirrorServer) -> Table:
    table = Table(
        f"Bytes moved, {PARTS} parts of {options.disk_rows:,} x 768",
        ["stage", "size of what it makes", "read", "written", "written for each byte made"],
    )
    work = options.folder / "disk"

    def stage(name: str, *targets: str, before: object = lambda _: None, **settings: object) -> None:
        was = _size(work)
        done = run(workflow(work, mirror.url, *targets, before=before, **settings))
        made = _size(work) - was
        share = f"{done.written / made:.3f}" if made > 1e6 else "nothing to copy"
        table.rows.append([name, megabytes(made), megabytes(done.read), megabytes(done.written), share])

    rmtree(work, ignore_errors=True)
    names = [f"{part:04d}" for part in range(1, PARTS + 1)]
    downloads = [f"parts/img_emb_{name}.npy" for name in names] + [f"parts/metadata_{name}.parquet" for name in names]
    stage("download", *downloads)
    stage("filter", *(f"shards/{name}.h5" for name in names))
    stage(f"concatenate {PARTS} parts", *products(PARTS))
    smaller = [product for last in NESTED[:-1] for product in products(last)]
    stage(f"then the subsets {' and '.join(map(str, NESTED[:-1]))}", *smaller)
    (work / products(PARTS)[0]).unlink()
    stage(f"`layout: virtual`, embeddings of {PARTS} parts", products(PARTS)[0], layout="virtual")
    rmtree(work, ignore_errors=True)
    table.note = (
        "As the kernel counts them for all processes of a run (`/proc/self/io`), with Snakemake, and Python's own "
        "files. Bytes from sockets are left out. A product's bytes are hashed on their way. Each product is a "
        "job of its own, so what two subsets share is read for each of them, once."
    )
    return table


def _peak(options: Namespace, mirror: MirrorServer) -> Table:
    table = Table(
        f"Disk, {PARTS} parts of {options.disk_rows:,} x 768",
        ["choice", "at the peak", "at the end", "peak / size of the parts"],
    )
    work = options.folder / "disk"
    parts = _size(mirror.folder)
    for choice in CHOICES:
        rmtree(work, ignore_errors=True)
        peak = _peak_of(work, workflow(work, mirror.url, *products(PARTS), **choice))
        words = ", ".join(f"`{key}: {str(value).lower()}`" for key, value in choice.items()) or "defaults"
        table.rows.append([words, megabytes(peak), megabytes(_size(work)), f"{peak / parts:.2f}"])
    rmtree(work, ignore_errors=True)
    table.note = "Looked at ten times a second while the workflow ran with 2 cores and 4 downloads at a time."
    return table


def _peak_of(work: Path, contestant: Contestant) -> int:
    """Return the largest size that the folder had while the contestant ran."""
    sizes, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            sizes.append(_size(work))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        run(contestant)
    finally:
        done.set()
        watcher.join()
    return max(sizes)


def _size(folder: Path) -> int:
    """Return the bytes that files below a folder take on the disk. A file may disappear meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file() and not path.is_symlink():
                total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total
