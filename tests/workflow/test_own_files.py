"""No command but the user's own deletes a part, and no file of the user is changed."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.harness import Work, copy_repository, kill_group, products, wait_until

DEAD = "http://127.0.0.1:9"


def states(files: Iterable[Path]) -> dict[Path, tuple[int, bytes]]:
    """Return inode and bytes of files."""
    return {file: (file.stat().st_ino, file.read_bytes()) for file in files}


def put(work: Work, mirror_folder: Path, parts: tuple[int, ...]) -> dict[Path, tuple[int, bytes]]:
    """Copy parts into parts/, as a user does, and return their files with inode and bytes."""
    (work.folder / "parts").mkdir(exist_ok=True)
    sources = [file for part in parts for file in mirror_folder.rglob(f"*_{part:04d}.*")]
    return states([Path(shutil.copy(file, work.folder / "parts")) for file in sources])


def untouched(files: dict[Path, tuple[int, bytes]]) -> bool:
    return states(files) == files


@pytest.fixture(scope="module")
def built(mirror_folder, tmp_path_factory) -> Work:
    """Return a folder in which the subset 2 was built from the user's own parts, without a mirror."""
    work = Work(tmp_path_factory.mktemp("own") / "work")
    work.configure(DEAD)
    own = put(work, mirror_folder, (1, 2))
    work.run(*products(2))
    assert untouched(own)
    return work


def test_own_parts_are_used_without_a_mirror(built, mirror_folder):
    built.check_products(mirror_folder, 2)


@pytest.mark.parametrize(
    ("arguments", "announced"),
    [
        (("-F", "laion2B-2.h5"), "2 shards that exist will be deleted and rebuilt"),
        (("laion2B-2.h5", "-R", "download", "part"), ""),
        (("laion2B-2.h5", "--delete-temp-output", "--config", "keep_parts=false", "keep_shards=false"), ""),
    ],
)
def test_commands_that_delete_no_part(built, work, arguments, announced):
    shutil.copytree(built.folder, work.folder)
    own = states((work.folder / "parts").glob("*_000[12].*[!n]"))
    assert len(own) == 4
    assert announced in work.run(*arguments)  # with records of the parts
    assert untouched(own)
    for record in (work.folder / "parts").glob("*.json"):
        record.unlink()
    work.run(*arguments)  # and without
    assert untouched(own)


def test_own_parts_after_a_crash_in_a_download(work, mirror, mirror_folder):
    work.configure(mirror.url, bandwidth=0.001)
    process = work.start(*products(1))
    wait_until(lambda: bool(list(work.folder.glob("parts/*.part"))))
    kill_group(process)
    work.run("--unlock")
    files = put(work, mirror_folder, (1,))
    work.configure(DEAD)
    work.run(*products(1))
    assert untouched(files)
    work.check_products(mirror_folder, 1)


def test_own_parts_that_come_during_a_run(work, mirror, mirror_folder):
    """One file is being downloaded when the user copies it and all others into parts/, and the mirror goes away."""
    work.configure(mirror.url, bandwidth=0.001, timeout=2)
    process = work.start(*products(2), "--resources", "downloads=1")
    wait_until(lambda: bool(list(work.folder.glob("parts/*.part"))))
    files = put(work, mirror_folder, (1, 2))
    mirror.__exit__(None, None, None)
    process.wait()
    assert untouched(files)
    work.configure(DEAD)
    work.run(*products(2))
    assert untouched(files)
    work.check_products(mirror_folder, 2)


def test_links_of_the_user_and_their_originals(work, mirror_folder, tmp_path):
    originals = Path(shutil.copytree(mirror_folder, tmp_path / "originals"))
    work.configure(DEAD, keep_parts=False)
    (work.folder / "parts").mkdir()
    links = [work.folder / "parts" / file.name for file in originals.rglob("*_0001.*")]
    for link in links:
        link.symlink_to(next(originals.rglob(link.name)))
    for _ in range(2):
        work.run("-F", *products(1))
    assert all(link.is_symlink() and link.exists() for link in links)
    work.check_products(originals, 1)


def test_downloaded_parts_are_deleted_and_own_ones_kept(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False)
    own = put(work, mirror_folder, (1,))
    output = work.run(*products(2))
    assert untouched(own)
    assert {file for file in (work.folder / "parts").iterdir() if file.suffix != ".json"} == set(own)
    assert "img_emb_0001.npy is kept, because you put it there" in output


def test_a_change_of_the_rules_text_without_a_profile_downloads_nothing(work, mirror, tmp_path):
    clone = copy_repository(tmp_path / "clone")
    shutil.rmtree(clone / "profiles")
    work.configure(mirror.url)
    work.run(*products(1), repository=clone)
    asked = len(mirror.requests)
    snakefile = clone / "workflow" / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace(" download {wildcards", "  download {wildcards"))
    assert work.jobs(work.run(*products(1), repository=clone)) == {"download": 2}
    assert len(mirror.requests) == asked


def test_a_deleted_part_is_fetched_again_and_no_other(work, mirror, mirror_folder):
    work.configure(mirror.url)
    work.run("shards/0001.h5", "shards/0002.h5")
    mirror.requests.clear()
    (work.folder / "parts" / "img_emb_0002.npy").unlink()
    (work.folder / "shards" / "0002.h5").unlink()
    work.run(*products(2))
    assert len(mirror.fetched()) == 1
    work.check_products(mirror_folder, 2)


def test_no_false_alarm_about_downloaded_files(work, mirror):
    work.configure(mirror.url)
    assert "not present when the DAG was created" not in work.run(*products(1))
