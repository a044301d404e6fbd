"""The main job: right products, nothing done twice, and only what depends on a change done again."""

import os
import re
import shutil
from pathlib import Path

import h5py
import pytest

from demo import synthetic
from tests import reference
from tests.harness import REPOSITORY, copy_repository, products


@pytest.fixture
def finished(work, mirror):
    """Return a working directory in which the subset 3 stands."""
    work.configure(mirror.url, subsets=[2, 3])
    work.run(*products(3))
    return work


def test_products_are_what_the_reference_says(finished, mirror, mirror_folder):
    finished.check_products(mirror_folder, 3)
    assert finished.run(*products(3)).count("Nothing to be done") == 1
    assert len(mirror.fetched()) == 6
    assert not mirror.fetched("_0000")


def test_no_target_means_all_subsets(work, mirror, mirror_folder):
    work.configure(mirror.url, subsets=[1, 2])
    work.run()
    work.check_products(mirror_folder, 1)
    work.check_products(mirror_folder, 2)


def test_extension_fetches_only_what_is_new(finished, mirror, mirror_folder):
    mirror.requests.clear()
    finished.run(*products(4))
    finished.check_products(mirror_folder, 4)
    assert sorted(request.path.rpartition("_")[2] for request in mirror.fetched()) == ["0004.npy", "0004.parquet"]
    assert finished.jobs(finished.run("-n", *products(2))).keys() == {"concatenate_embeddings", "concatenate_metadata"}


def test_same_input_gives_the_same_files(finished, tmp_path, mirror):
    before = {name: (finished.folder / name).read_bytes() for name in products(3)}
    for name in (*products(3), "shards"):
        path = finished.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    finished.run(*products(3))
    assert {name: (finished.folder / name).read_bytes() for name in products(3)} == before


def test_reading_as_the_readme_says(finished, monkeypatch, mirror_folder):
    section = (REPOSITORY / "README.md").read_text().partition("## Reading the products")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names: dict = {}
    monkeypatch.chdir(finished.folder)
    for block in blocks:
        exec(block.replace("laion2B-11", "laion2B-3").replace("metadata-11", "metadata-3"), names)
    matrix, _ = reference.subset(mirror_folder, range(1, 4))
    assert len(blocks) == 2
    assert names["first"].tobytes() == names["emb"].tobytes() == matrix.tobytes()
    assert len(names["metadata"]) == len(matrix)
    assert list(names["metadata"].columns) == list(reference.COLUMNS)


def test_layout_that_every_reader_opens(finished):
    with h5py.File(finished.folder / "laion2B-3.h5") as file:
        emb = file["emb"]
        assert list(file) == ["emb"]
        assert file.userblock_size == 0
        assert emb.dtype.str == "<f2"
        assert (emb.chunks, emb.compression, emb.fletcher32) == (None, None, False)
        assert emb.id.get_offset() % 4096 == 0


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [
        ({"keep": [["NSFW", "==", "UNSURE"]]}, {"filter": 3, "concatenate_embeddings": 1, "concatenate_metadata": 1}),
        ({"columns": ["url", "key"]}, {"filter": 3, "concatenate_embeddings": 1, "concatenate_metadata": 1}),
        ({"timeout": 7, "attempts": 1, "bandwidth": 3}, {}),
        ({"subsets": [1]}, {}),
    ],
)
def test_a_changed_configuration_rebuilds_what_it_concerns(finished, mirror, change, rebuilt):
    mirror.requests.clear()
    finished.configure(mirror.url, **change)
    assert finished.jobs(finished.run("-n", *products(3))) == rebuilt
    finished.run(*products(3))
    assert not mirror.fetched()
    assert "Nothing to be done" in finished.run(*products(3))


def test_other_mirrors_and_touched_sources_rebuild_nothing(work, mirror, tmp_path):
    clone = copy_repository(tmp_path / "clone")
    work.configure(mirror.url)
    work.run(*products(2), repository=clone)
    for file in clone.rglob("*"):
        os.utime(file)
    snakefile = clone / "workflow" / "Snakefile"
    snakefile.write_text(snakefile.read_text() + "\n# a comment\n")
    (clone / "envs" / "download.yaml").write_text("dependencies: [python]\n")
    work.configure("http://127.0.0.1:9/other", mirror.url)
    assert "Nothing to be done" in work.run(*products(2), repository=clone)


def test_a_new_version_of_the_definition_rebuilds_without_a_download(work, mirror, tmp_path):
    clone = copy_repository(tmp_path / "clone")
    work.configure(mirror.url)
    work.run(*products(2), repository=clone)
    library = clone / "workflow" / "scripts" / "laion2b" / "__init__.py"
    library.write_text(re.sub(r"DEFINITION_VERSION = (\d+)", r"DEFINITION_VERSION = 1\1", library.read_text()))
    planned = work.jobs(work.run("-n", *products(2), repository=clone))
    assert planned == {"filter": 2, "concatenate_embeddings": 1, "concatenate_metadata": 1}


def test_parts_that_are_not_kept_are_not_fetched_again_until_needed(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False)
    work.run(*products(2))
    assert not [file for file in (work.folder / "parts").iterdir() if file.suffix != ".json"]
    assert "Nothing to be done" in work.run(*products(2))
    work.run(*products(3))
    work.check_products(mirror_folder, 3)
    assert len(mirror.fetched()) == 6
    work.configure(mirror.url, keep_parts=False, keep=[["NSFW", "==", "UNSURE"]])
    output = work.run(*products(3))
    assert "6 files of parts will be downloaded again" in output
    assert len(mirror.fetched()) == 12


def shards(work):
    return {path.suffix for path in (work.folder / "shards").iterdir()}


def test_shards_that_are_not_kept_are_not_made_again_until_needed(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_shards=False)
    work.run(*products(1), *products(2))
    assert shards(work) == {".json"}
    assert "Nothing to be done" in work.run(*products(1), *products(2))
    output = work.run(*products(3))
    assert "2 shards that stood before will be made again" in output
    assert shards(work) == {".json"}
    assert "Nothing to be done" in work.run(*products(1), *products(2), *products(3))
    for last in (1, 2, 3):
        work.check_products(mirror_folder, last)
    assert len(mirror.fetched()) == 6


def test_shards_that_are_not_kept_stay_until_all_subsets_of_the_run_stand(work, mirror_folder, tmp_path):
    folder = Path(shutil.copytree(mirror_folder, tmp_path / "mirror"))
    lacking = folder / synthetic.METADATA.format(part=3)
    lacking.rename(tmp_path / "lacking")
    work.configure(folder, keep_shards=False)
    work.run(*products(2), *products(3), ok=False)
    work.check_products(mirror_folder, 2)
    assert shards(work) == {".h5", ".tsv", ".json"}
    (tmp_path / "lacking").rename(lacking)
    assert work.jobs(work.run(*products(2), *products(3)))["filter"] == 1
    work.check_products(mirror_folder, 3)


def test_shards_that_are_not_kept_are_made_again_for_a_change_and_for_an_extension(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_shards=False, subsets=[1, 2])
    work.run(*products(1))
    output = work.run()
    assert "1 shards that stood before will be made again" in output
    assert "With them, products that stand are written again: laion2B-1.h5, metadata-1.tsv." in output
    work.configure(mirror.url, keep_shards=False, subsets=[1, 2], keep=[["NSFW", "==", "UNSURE"]])
    assert "2 shards that stood before will be made again" in work.run()
    assert shards(work) == {".json"}
    assert len(mirror.fetched()) == 4


def test_neither_parts_nor_shards_are_kept(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False, keep_shards=False)
    work.run(*products(2))
    assert "Nothing to be done" in work.run(*products(2))
    output = work.run(*products(3))
    assert "2 shards that stood before will be made again" in output
    assert "4 files of parts will be downloaded again" in output
    work.check_products(mirror_folder, 3)


def test_a_virtual_product(work, mirror, mirror_folder):
    work.configure(mirror.url, layout="virtual")
    work.run(*products(3))
    work.check_products(mirror_folder, 3)
    assert (work.folder / "laion2B-3.h5").stat().st_size < 10_000
    assert "Nothing to be done" in work.run(*products(3))
    (work.folder / "shards" / "0002.h5").unlink()
    output = work.run(*products(3), ok=False)
    assert "laion2B-3.h5: found 1 of its shards gone, such as shards/0002.h5" in output
    (work.folder / "laion2B-3.h5").unlink()
    work.run(*products(3))
    work.check_products(mirror_folder, 3)
    work.configure(mirror.url, layout="contiguous")
    assert work.jobs(work.run(*products(3))) == {"concatenate_embeddings": 1}
    work.check_products(mirror_folder, 3)


def test_a_virtual_product_whose_shards_are_made_anew_is_given_up(work, mirror, mirror_folder):
    work.configure(mirror.url, layout="virtual")
    work.run(*products(2))
    work.configure(mirror.url, layout="virtual", keep=[["NSFW", "==", "UNSURE"]])
    assert "laion2B-2.h5 is a view of shards" in work.run(*products(1), ok=False)
    part = work.folder / "parts" / "metadata_0002.parquet"
    content = part.read_bytes()
    part.write_bytes(content[:-1])
    work.run(*products(2), ok=False)
    assert not (work.folder / "laion2B-2.h5").exists()
    part.write_bytes(content)
    work.configure(mirror.url, layout="virtual")
    work.run(*products(2))
    work.check_products(mirror_folder, 2)
    work.configure(mirror.url, keep_shards=False)
    assert "laion2B-2.h5 is a view of shards" in work.run(*products(3), ok=False)
    work.check_products(mirror_folder, 2)


def test_the_default_configuration_plans_the_three_subsets(work):
    work.folder.mkdir()
    jobs = work.jobs(work.run("-n"))
    assert jobs == {
        "subsets": 1,
        "download": 222,
        "filter": 111,
        "concatenate_embeddings": 3,
        "concatenate_metadata": 3,
        "describe": 3,
    }


def test_a_subset_without_rows(work, mirror):
    work.configure(mirror.url, keep=[["NSFW", "==", "no such tag"]])
    work.run(*products(2))
    with h5py.File(work.folder / "laion2B-2.h5") as file:
        assert file["emb"].shape == (0, 768)
        assert file["emb"].id.get_create_plist().get_layout() == h5py.h5d.COMPACT
    assert (work.folder / "metadata-2.tsv").read_text() == "caption\tNSFW\tLICENSE\turl\n"


def test_first_part_can_be_another(work, mirror, mirror_folder):
    work.configure(mirror.url, first_part=0, subsets=[1])
    work.run(*products(1))
    work.check_products(mirror_folder, 1, first=0)
    work.configure(mirror.url, first_part=2, subsets=[3])
    assert "would end before it begins" in work.run("laion2B-1.h5", ok=False)


def test_imported_as_a_module(work, mirror, mirror_folder):
    work.configure(mirror.url)
    config = (work.folder / "config.yaml").rename(work.folder / "own.yaml")
    (work.folder / "Snakefile").write_text(
        f"configfile: {config.name!r}\n"
        f"module laion2b:\n    snakefile: {str(REPOSITORY / 'Snakefile')!r}\n    config: config\n"
        "use rule * from laion2b as laion2b_*\n"
        "rule mine:\n    default_target: True\n    input: 'laion2B-2.h5', 'metadata-2.tsv'\n    output: 'sizes'\n"
        "    shell: 'wc -c {input} > {output}'\n"
    )
    work.run(repository=work.folder)
    work.check_products(mirror_folder, 2)
