"""Two runs at once, odd places, notes that were lost, and changes that would cost what stands."""

import shutil
import sys

import pytest

from mirror import synthetic
from tests.support.harness import Work, copy_repository, products, templates, wait_until


@pytest.mark.slow
def test_two_runs_in_one_folder(work, mirror, mirror_folder):
    work.configure(mirror.url, bandwidth=0.05)
    first = work.start(*products(2))
    wait_until(lambda: bool(list((work.folder / ".snakemake" / "locks").glob("*"))))
    assert "cannot be locked" in work.run(*products(1), ok=False)
    assert first.wait() == 0
    work.check_products(mirror_folder, 2)


@pytest.mark.slow
def test_two_folders_with_one_folder_of_parts(work, mirror, mirror_folder, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    works = [work, Work(tmp_path / "other")]
    for each in works:
        each.configure(mirror.url, bandwidth=0.1)
        (each.folder / "parts").symlink_to(shared)
    for process in [each.start(*products(2)) for each in works]:
        process.wait()
    for each in works:  # one may have failed because the other was replacing a part; the same command mends it
        each.run(*products(2))
        each.check_products(mirror_folder, 2)
    assert not [path for path in shared.iterdir() if path.suffix in (".part", ".tmp")]
    work.configure(mirror.url, keep_parts=False)
    assert "which others may use" in work.run(*products(2), ok=False)


def test_folders_with_blanks_and_quotes(mirror_folder, tmp_path):
    clone = copy_repository(tmp_path / 'the "clone" $HOME')
    work = Work(tmp_path / "it's; touch broken")
    work.configure(mirror_folder)
    work.run(*products(1), repository=clone)
    work.check_products(mirror_folder, 1)
    assert not list(tmp_path.rglob("broken"))


def test_a_shell_command_in_the_configuration_is_only_text(work, mirror_folder, tmp_path):
    text = f"'; touch {tmp_path}/broken; echo '$(touch {tmp_path}/broken)"
    work.configure(mirror_folder, keep=[["NSFW", "!=", text]])
    work.run("metadata-1.tsv")
    assert not (tmp_path / "broken").exists()


def test_shards_of_an_older_definition_do_not_get_into_a_subset(work, mirror, mirror_folder):
    work.configure(mirror.url)
    work.run(*products(1))
    shutil.rmtree(work.folder / ".snakemake")
    work.configure(mirror.url, keep=[["NSFW", "==", "UNSURE"]])
    output = work.run(*products(2), ok=False)
    assert "shards/0001.json: found a shard made by" in output
    (work.folder / "shards" / "0001.json").unlink()
    work.run(*products(2))
    (work.folder / "config.yaml").unlink()


def test_a_damaged_shard_is_named_and_rebuilt_by_the_command_that_is_told(build, mirror, mirror_folder):
    work = build(2)
    shard = work.folder / "shards" / "0002.h5"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    output = work.run("laion2B-3.h5", ok=False)
    assert "shards/0002.h5: found XXH3 of the embeddings" in output
    assert "delete shards/0002.h5 and run the same command again" in output
    shard.unlink()
    work.run(*products(3))
    work.check_products(mirror_folder, 3)
    assert len(mirror.fetched()) == len(mirror.fetched("_0003.")) == 2


def test_a_mistyped_column_costs_no_shard(build, mirror):
    work = build(2)
    shards = sorted((work.folder / "shards").iterdir())
    work.configure(mirror.url, keep=[["similarty", ">", 0.3]])
    assert "found no column similarty, but similarity" in work.run(*products(2), ok=False)
    assert sorted((work.folder / "shards").iterdir()) == shards


def test_mirrors_with_parts_in_another_form_fetch_nothing_again(build, mirror):
    work = build(2)
    other = {kind: template.replace(".npy", ".npz") for kind, template in templates(mirror.url).items()}
    work.configure(mirrors=[other])
    assert "Nothing to be done" in work.run(*products(2))


@pytest.mark.parametrize("command", ["kill -9 $$", "exit 137"])
def test_a_job_that_dies_without_a_word_is_named(work, mirror, mirror_folder, tmp_path, command):
    interpreter = tmp_path / "bin" / "python3"
    interpreter.parent.mkdir()
    interpreter.write_text(
        f'#!/bin/sh\ncase "$*" in *"filter --part 0002"*) {command};; esac\nexec {sys.executable} "$@"\n'
    )
    interpreter.chmod(0o755)
    work.configure(mirror.url)
    clone = copy_repository(tmp_path / "clone")
    module = clone / "workflow" / "scripts" / "laion2b" / "run" / "environment.py"
    module.write_text(
        module.read_text().replace(
            "str(Path(sys.executable).parent)", f"{str(interpreter.parent)!r}, str(Path(sys.executable).parent)"
        )
    )
    output = work.run(*products(2), ok=False, repository=clone)
    assert "failed: filter 0002." in output.partition("Stopped before writing anything")[2]
    work.run(*products(2))
    work.check_products(mirror_folder, 2)


def test_known_hashes(work, mirror, mirror_folder, tmp_path):
    catalogue = tmp_path / "SHA256SUMS"
    wrong = "0" * 64
    catalogue.write_text(f"{wrong}  metadata_0002.parquet\n")
    work.configure(mirror.url, checksums=str(catalogue))
    output = work.run(*products(2), ok=False)
    assert f"expected {wrong}, as the catalogue says" in output
    assert len(mirror.fetched("metadata_0002")) == 2
    catalogue.write_text(f"{wrong}  metadata_0009.parquet\n")
    work.run(*products(2))
    work.check_products(mirror_folder, 2)


def test_parts_with_equal_rows_but_one_of_another_size_than_recorded(work, mirror, mirror_folder):
    work.configure(mirror.url)
    work.run("shards/0001.h5")
    synthetic.write_part(work.folder / "other", 1, 91)
    shutil.copy(work.folder / "other" / "img_emb" / "img_emb_0001.npy", work.folder / "parts")
    output = work.run(*products(1), ok=False)
    assert "as img_emb_0001.npy.json says" in output


def test_a_slip_in_a_first_run_ends_it_after_two_parts_that_stay(work, mirror, mirror_folder):
    work.configure(mirror.url, columns=["URL"])
    output = work.run(*products(3), "--resources", "downloads=1", ok=False)
    assert not mirror.fetched("_0003.")
    (refused,) = [
        line for line in output.partition("What failed, and why:")[2].splitlines() if "The downloads stop" in line
    ]
    assert "download img_emb_0003.npy, download metadata_0003.parquet: " in refused
    assert "no column URL, but url" in refused
    work.configure(mirror.url)
    work.run(*products(3))
    work.check_products(mirror_folder, 3)
    assert len(mirror.fetched()) == 6
