"""Killed at random moments, or with a full disk: the documented command finishes, and only what was in flight is redone."""

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mirror import synthetic
from mirror.server import MirrorServer
from tests.support.harness import Work, kill_group, products, wait_until

PARTS = 4
ROWS = 3000
MOMENTS = 20
STAGES = ("download", "filter", "concatenate")
VICTIMS = ("group", "snakemake", "job")
GOLD = {"queries": {"part": 1, "rows": 300, "seed": 1}, "neighbors": 50, "subsets": [4], "first_part": 2}
"""Part 1 is before the subset 2..4."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def large_mirror(tmp_path_factory) -> Path:
    """Return the folder of a mirror whose parts take a moment."""
    return synthetic.write_parts(tmp_path_factory.mktemp("large"), range(1, PARTS + 1), ROWS)


def names(folder: Path) -> set[str]:
    """Return the names of all files of a run, but not those of Snakemake."""
    return {str(path) for kind in ("parts", "shards", "logs", ".") for path in (folder / kind).glob("*.*")}


def reached(folder: Path, stage: str, chance: random.Random) -> Callable[[], bool]:
    """Return a condition that holds from a random moment of a stage on."""
    count = chance.randint(1, PARTS - 1)

    def finished(pattern: str) -> int:
        return len(list(folder.glob(pattern)))

    match stage:
        case "download":
            return lambda: finished("parts/*.npy") >= count and finished("parts/*.part") > 0
        case "filter":
            return lambda: finished("shards/*.json") >= count and finished("shards/*.tmp") > 0
        case _:
            kind = chance.choice(["laion2B-*.h5", "metadata-*.tsv"])
            return lambda: finished(f"{kind}.tmp") > 0 or finished(kind) > 0


def is_job(process: psutil.Process) -> bool:
    """Tell the library's processes from the shells around them, and from those that are just ending."""
    try:
        return process.name().startswith("python") and "laion2b" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def kill(process: subprocess.Popen, victim: str, chance: random.Random) -> list[psutil.Process]:
    """Kill the run, only Snakemake, or one of its jobs; return the jobs that live on."""
    try:
        jobs = [child for child in psutil.Process(process.pid).children(recursive=True) if is_job(child)]
    except psutil.Error:  # it is ending just now
        jobs = []
    match victim:
        case "group":
            kill_group(process)
        case "snakemake":
            process.kill()
            process.wait()
            return jobs
        case "job" if jobs:
            chance.choice(jobs).send_signal(signal.SIGKILL)
    process.wait()
    return []


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_a_crash(seed, tmp_path, large_mirror):
    chance = random.Random(seed)
    stage, victim, deleted = STAGES[seed % 3], VICTIMS[seed // 3 % 3], seed % 2 == 1
    work = Work(tmp_path / "work")
    with MirrorServer(large_mirror) as mirror:
        work.configure(mirror.url, keep_parts=not deleted)
        moment = reached(work.folder, stage, chance)
        process = work.start(*products(PARTS))
        wait_until(lambda: moment() or process.poll() is not None)
        over = process.poll() is not None  # the last stage is short, and may end before it is looked at
        assert not over or stage == "concatenate", "the run was over before it could be killed"
        standing = {path.stem for path in (work.folder / "shards").glob("*.json")}
        orphans = [] if over else kill(process, victim, chance)
        print(f"seed {seed}: {victim} killed in {stage}, {len(standing)} shards stood, {len(orphans)} jobs live on")
        if victim != "job":
            work.run("--unlock")
        work.run(*products(PARTS))
        psutil.wait_procs(orphans, timeout=60)
        work.check_products(large_mirror, PARTS)
        # The parts of a shard that stands are fetched again only if they are not kept, and its filter was in flight.
        again = [part for part in standing if len(mirror.fetched(f"_{part}.")) > 2]
        assert len(again) <= (4 if deleted else 0)
        # What is in flight is at most four files, and none of them more than once.
        assert len(mirror.fetched()) <= 2 * PARTS + 4 + 2 * len(again)
    assert not [name for name in names(work.folder) if name.endswith((".tmp", ".part", ".part.json"))]


@pytest.mark.parametrize("seed", range(6))
def test_a_crash_around_the_users_own_copying(seed, tmp_path, large_mirror):
    """The user copies a part by hand while its download is in flight or still to come; then the run is killed."""
    chance = random.Random(100 + seed)
    victim = VICTIMS[seed % 3]
    work = Work(tmp_path / "work")
    with MirrorServer(large_mirror) as mirror:
        work.configure(mirror.url, keep_parts=seed < 3, bandwidth=8)
        process = work.start(*products(PARTS), "--resources", f"downloads={chance.randint(1, 2)}")
        wait_until(lambda: bool(list((work.folder / "parts").glob("*.part"))) or process.poll() is not None)
        part = chance.randint(2, PARTS)
        own = [Path(shutil.copy(file, work.folder / "parts")) for file in large_mirror.rglob(f"*_{part:04d}.*")]
        inodes = [file.stat().st_ino for file in own]
        kill(process, victim, chance)
        assert [file.stat().st_ino for file in own] == inodes
        if victim != "job":
            work.run("--unlock")
        mirror.requests.clear()
        work.run(*products(PARTS))
        assert [file.stat().st_ino for file in own] == inodes
        assert not mirror.fetched(f"_{part:04d}.")
    work.check_products(large_mirror, PARTS)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Yield a file system of its own; the test gives it its size."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if (
        os.geteuid()
        or not shutil.which("mount")
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("only root may mount a small disk here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize(("parts", "stage"), [(1.8, "download"), (5.5, "filter"), (9.5, "concatenate")])
def test_a_disk_that_fills_up(small_disk, large_mirror, parts, stage):
    # In parts: two are on the disk with their shards, and the third, when there is no room for its shard.
    size = parts * sum(file.stat().st_size for file in large_mirror.rglob("*_0001.*"))
    resize = ["mount", "-o", "remount,size={:.0f}", str(small_disk)]
    subprocess.run([each.format(size) for each in resize], check=True)
    work = Work(small_disk / "work")
    with MirrorServer(large_mirror) as mirror:
        work.configure(mirror.url, check_space=False)
        # One job at a time: on so small a disk, the reserve is no larger than what jobs write at once.
        output = work.run(*products(PARTS), "--cores", "1", ok=False)
        assert "No space left on the disk" in output or "the disk has less space" in output
        assert stage in output.partition("What failed, and why:")[2]
        assert "Traceback" not in output
        subprocess.run([each.format(size * 10) for each in resize], check=True)
        work.run(*products(PARTS))
    work.check_products(large_mirror, PARTS)
    assert not [name for name in names(work.folder) if name.endswith((".tmp", ".part", ".part.json"))]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, large_mirror) -> Path:
    """Return the folder of a gold standard that was made without any disturbance."""
    work = Work(tmp_path_factory.mktemp("undisturbed"))
    work.configure(large_mirror, **GOLD)
    work.run("gold-4.h5")
    return work.folder


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("stage", ["search", "search_again", "merge"])
def test_a_crash_while_a_gold_standard_is_made(stage, victim, tmp_path, large_mirror, undisturbed):
    chance = random.Random(f"{stage} {victim}")
    work = Work(tmp_path / "work")
    work.configure(large_mirror, **GOLD)
    work.run(*[f"shards/000{part}.json" for part in range(2, PARTS + 1)], "queries.h5")
    log = {"search": "search/0003.log"}.get(stage, f"{stage}/4.log")
    process = work.start("gold-4.h5")
    wait_until(lambda: (work.folder / "logs" / log).exists() or process.poll() is not None)
    assert process.poll() is None, "the run was over before it could be killed"
    standing = {path: path.stat().st_mtime_ns for path in (work.folder / "neighbors").glob("000*.h5")}
    orphans = kill(process, victim, chance)
    print(f"{victim} killed in {stage}, {len(standing)} results stood, {len(orphans)} jobs live on")
    psutil.wait_procs(orphans, timeout=60)
    if victim != "job":
        work.run("--unlock")
    work.run("gold-4.h5")
    for name in ["gold-4.h5", *(f"neighbors/000{part}.h5" for part in range(2, PARTS + 1))]:
        assert (work.folder / name).read_bytes() == (undisturbed / name).read_bytes()
    # A result that stood is not made again, but for one whose job was just ending.
    assert sum(path.stat().st_mtime_ns != time for path, time in standing.items()) <= 1
    assert not [name for name in names(work.folder) if name.endswith(".tmp")]
    assert not list((work.folder / "neighbors").glob("*.tmp"))
