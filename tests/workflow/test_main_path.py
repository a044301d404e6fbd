"""The main job: right products, nothing done twice, and only what depends on a change done again."""

import json
import os
import re
import shutil
from pathlib import Path

import h5py
import pytest

from mirror import synthetic
from tests.support import reference
from tests.support.harness import REPOSITORY, copy_repository, products


@pytest.fixture
def finished(build):
    """Return a working directory in which the subset 3 is built."""
    return build(3)


def test_products_are_what_the_reference_says(work, mirror, mirror_folder):
    work.configure(mirror.url, subsets=[2, 3])
    work.run(*products(3))
    work.check_products(mirror_folder, 3)
    assert work.run(*products(3)).count("Nothing to be done") == 1
    assert len(mirror.fetched()) == 6
    assert not mirror.fetched("_0000")


def test_no_target_means_all_subsets(work, mirror, mirror_folder):
    work.configure(mirror.url, subsets=[1, 2])
    work.run()
    work.check_products(mirror_folder, 1)
    work.check_products(mirror_folder, 2)


def test_extension_fetches_only_what_is_new(finished, mirror, mirror_folder):
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


def test_reading_as_the_readme_and_the_page_of_products_say(finished, monkeypatch, mirror_folder):
    section = (REPOSITORY / "README.md").read_text().partition("## Read it")[2].partition("\n## ")[0]
    texts = [section, (REPOSITORY / "docs" / "products.md").read_text()]
    blocks = [block for text in texts for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    names: dict = {}
    monkeypatch.chdir(finished.folder)
    for block in blocks:
        exec(block.replace("laion2B-11", "laion2B-3").replace("metadata-11", "metadata-3"), names)
    matrix, _ = reference.subset(mirror_folder, range(1, 4))
    assert len(blocks) == 4
    assert names["definition"]["columns"] == list(reference.COLUMNS)
    assert names["first"].tobytes() == names["emb"].tobytes() == matrix.tobytes()
    assert len(names["metadata"]) == len(matrix)
    assert list(names["metadata"].columns) == list(reference.COLUMNS)
    parts = [part for part in range(1, 4) for _ in reference.subset(mirror_folder, [part])[0]]
    assert names["part"] == parts[names["k"]]


def test_layout_that_every_reader_opens(finished):
    with h5py.File(finished.folder / "laion2B-3.h5") as file:
        emb = file["emb"]
        assert list(file) == ["emb"]
        assert file.userblock_size == 0
        assert emb.dtype.str == "<f2"
        assert (emb.chunks, emb.compression, emb.fletcher32) == (None, None, False)
        assert emb.id.get_offset() % 4096 == 0


def delete(work, *subsets):
    for last in subsets:
        for file in work.folder.glob(f"*-{last}.*"):
            file.unlink()


def files(work):
    return {
        file.name: file.stat().st_mtime_ns for kind in ("*.h5", "*.tsv", "shards/*") for file in work.folder.glob(kind)
    }


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
    finished.configure(mirror.url, **change)
    if rebuilt:
        before = files(finished)
        refused = finished.run(*products(3), ok=False)
        assert f"laion2B-3.h5 was made by another configuration, which differs in `{next(iter(change))}`" in refused
        assert "--directory" in refused
        assert files(finished) == before
        delete(finished, 3)
    assert finished.jobs(finished.run("-n", *products(3))) == rebuilt
    finished.run(*products(3))
    assert not mirror.fetched()
    assert "Nothing to be done" in finished.run(*products(3))


def test_other_mirrors_and_touched_sources_rebuild_nothing(build, mirror, tmp_path):
    clone = copy_repository(tmp_path / "clone")
    work = build(2)
    for file in clone.rglob("*"):
        os.utime(file)
    snakefile = clone / "workflow" / "Snakefile"
    snakefile.write_text(snakefile.read_text() + "\n# a comment\n")
    (clone / "envs" / "download.yaml").write_text("dependencies: [python]\n")
    work.configure("http://127.0.0.1:9/other", mirror.url)
    assert "Nothing to be done" in work.run(*products(2), repository=clone)


def test_a_new_version_of_the_definition_rebuilds_without_a_download(build, tmp_path):
    clone = copy_repository(tmp_path / "clone")
    work = build(2)
    library = clone / "workflow" / "scripts" / "laion2b" / "__init__.py"
    library.write_text(re.sub(r"DEFINITION_VERSION = (\d+)", r"DEFINITION_VERSION = 1\1", library.read_text()))
    planned = work.jobs(work.run("-n", *products(2), repository=clone))
    assert planned == {"filter": 2, "concatenate_embeddings": 1, "concatenate_metadata": 1}


def test_parts_that_are_not_kept_are_not_fetched_again_until_needed(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False)
    work.run(*products(1))
    assert not [file for file in (work.folder / "parts").iterdir() if file.suffix != ".json"]
    assert "Nothing to be done" in work.run(*products(1))
    work.run(*products(2))
    work.check_products(mirror_folder, 2)
    assert len(mirror.fetched()) == 4
    work.configure(mirror.url, keep_parts=False, keep=[["NSFW", "==", "UNSURE"]])
    delete(work, 2)
    output = work.run(*products(2))
    assert "4 files of parts will be downloaded again" in output
    assert len(mirror.fetched()) == 8


def shards(work):
    return {path.suffix for path in (work.folder / "shards").iterdir()}


def test_shards_that_are_not_kept_are_not_made_again_until_needed(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_shards=False)
    work.run(*products(1), *products(2))
    assert shards(work) == {".json"}
    assert "Nothing to be done" in work.run(*products(1), *products(2))
    output = work.run(*products(3))
    assert "2 shards that were deleted (`keep_shards: false`, or by you) will be rebuilt" in output
    assert shards(work) == {".json"}
    assert "Nothing to be done" in work.run(*products(1), *products(2), *products(3))
    for last in (1, 2, 3):
        work.check_products(mirror_folder, last)
    assert len(mirror.fetched()) == 6


def test_shards_that_are_not_kept_stay_until_all_subsets_of_the_run_stand(work, mirror_folder, tmp_path):
    folder = Path(shutil.copytree(mirror_folder, tmp_path / "mirror"))
    lacking = folder / synthetic.METADATA.format(part=2)
    lacking.rename(tmp_path / "lacking")
    work.configure(folder, keep_shards=False)
    work.run(*products(1), *products(2), ok=False)
    work.check_products(mirror_folder, 1)
    assert shards(work) == {".h5", ".tsv", ".json"}
    (tmp_path / "lacking").rename(lacking)
    assert work.jobs(work.run(*products(1), *products(2)))["filter"] == 1
    work.check_products(mirror_folder, 2)


@pytest.mark.slow
def test_shards_that_are_not_kept_are_made_again_for_a_change_and_for_an_extension(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_shards=False, subsets=[1, 2])
    work.run(*products(1))
    output = work.run()
    assert "1 shards that were deleted (`keep_shards: false`, or by you) will be rebuilt" in output
    assert "With them, the run writes these products again: laion2B-1.h5, metadata-1.tsv." in output
    work.configure(mirror.url, keep_shards=False, subsets=[1, 2], keep=[["NSFW", "==", "UNSURE"]])
    delete(work, 1, 2)
    assert "2 shards that were deleted (`keep_shards: false`, or by you) will be rebuilt" in work.run()
    assert shards(work) == {".json"}
    assert len(mirror.fetched()) == 4


@pytest.mark.slow
def test_neither_parts_nor_shards_are_kept(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False, keep_shards=False)
    work.run(*products(1))
    assert "Nothing to be done" in work.run(*products(1))
    output = work.run(*products(2))
    assert "1 shards that were deleted (`keep_shards: false`, or by you) will be rebuilt" in output
    assert "2 files of parts will be downloaded again" in output
    work.check_products(mirror_folder, 2)


def test_a_virtual_product(build, mirror, mirror_folder):
    work = build(2, layout="virtual")
    work.check_products(mirror_folder, 2)
    assert (work.folder / "laion2B-2.h5").stat().st_size < 10_000
    assert "Nothing to be done" in work.run(*products(2))
    (work.folder / "shards" / "0002.h5").unlink()
    output = work.run(*products(2), ok=False)
    assert "laion2B-2.h5: found 1 of its shards missing, such as shards/0002.h5" in output
    (work.folder / "laion2B-2.h5").unlink()
    work.run(*products(2))
    work.check_products(mirror_folder, 2)
    work.configure(mirror.url, layout="contiguous")
    assert work.jobs(work.run(*products(2))) == {"concatenate_embeddings": 1}
    work.check_products(mirror_folder, 2)


def test_no_shard_changes_under_a_virtual_product(build, mirror, mirror_folder):
    work = build(2, layout="virtual")
    shards = sorted((file.name, file.stat().st_mtime_ns) for file in (work.folder / "shards").iterdir())
    for change in ({"layout": "virtual", "keep": [["NSFW", "==", "UNSURE"]]}, {"keep_shards": False}):
        work.configure(mirror.url, **change)
        for arguments in (products(1), products(2), ("-n", *products(2))):
            is_other = "keep" in change and arguments != products(1)
            sentence = "was made by another configuration" if is_other else "is virtual: it only points to shards"
            assert f"laion2B-2.h5 {sentence}" in work.run(*arguments, ok=False)
    assert shards == sorted((file.name, file.stat().st_mtime_ns) for file in (work.folder / "shards").iterdir())
    work.check_products(mirror_folder, 2)
    (work.folder / "laion2B-2.h5").unlink()
    work.run(*products(2))
    work.check_products(mirror_folder, 2)


def test_a_family_of_ones_own(work, mirror, mirror_folder):
    about = {"name": "own.set", "family": "ours", "license": None, "creator": "We", "citation": "Us, 2026"}
    work.configure(mirror.url, **about, first_part=0, holes=[2], subsets=[3], queries={"part": 4, "rows": 3, "seed": 1},
                   neighbors=5)  # fmt: skip
    assert "There is no subset 2, because there is no part 2 (`holes`" in work.run("-n", "own.set-2.h5", ok=False)
    assert "Did you mean own.set-3.h5?" in work.run("-n", "laion2b-3.h5", ok=False)
    work.run("all", "gold-3.h5")
    assert not mirror.fetched("_0002")
    matrix, text = reference.subset(mirror_folder, [0, 1, 3])
    with h5py.File(work.folder / "own.set-3.h5") as file:
        assert file["emb"][:].tobytes() == matrix.tobytes()
        assert file["emb"].attrs["parts"].tolist() == [0, 1, 3]
        said = json.loads(file["emb"].attrs["subset"])
        assert (said["name"], said["family"], said["holes"]) == ("own.set", "ours", [2])
        assert file["emb"].attrs["citation"] == b"Us, 2026"
        assert "license" not in file["emb"].attrs
    assert (work.folder / "metadata-3.tsv").read_bytes() == text
    with h5py.File(work.folder / "gold-3.h5") as file:
        assert file.attrs["rows"] == len(matrix)
    description = (work.folder / "croissant-3.json").read_text()
    assert "We" in description
    assert "LAION" not in description
    work.run("verify-3.json", "laion2b-report.html")
    assert "own.set-3.h5" in (work.folder / "laion2b-report.html").read_text()
    assert "own.set-3.h5: " in work.told("--last", "3")
    before = files(work)
    keys = {"first_part": 0, "holes": [2], "subsets": [3]}
    work.configure(mirror.url, **keys, family="ours")
    assert "own.set-3.h5 was made by another configuration, which differs in `name`" in work.run(*products(3), ok=False)
    work.configure(mirror.url, **keys, name="own.set")
    assert "0001.json: found a shard of the family ours" in work.run("shards/0001.h5", ok=False)
    assert files(work) == before
    work.configure(mirror.url, **about | keys | {"holes": []})
    assert work.jobs(work.run("-n", "own.set-3.h5", "metadata-3.tsv")).keys() == {
        "concatenate_embeddings", "concatenate_metadata", "download", "filter", "part",
    }  # fmt: skip


def test_the_default_configuration_plans_the_three_subsets(work):
    work.folder.mkdir()
    jobs = work.jobs(work.run("-n"))
    assert jobs == {
        "all": 1,
        "download": 222,
        "part": 222,
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
