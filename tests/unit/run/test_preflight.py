"""What is checked before the first job."""

import json
import os
import traceback
from pathlib import Path

import pytest

from laion2b.errors import ConfigError, ShardError
from laion2b.formats import hdf5
from laion2b.run import preflight
from laion2b.run.plan import Job
from mirror import synthetic
from tests.support.configuration import load

GOOD = {"keep": [["NSFW", "!=", "NSFW"]], "columns": ["url"], "dimensions": 768, "version": 1}


@pytest.fixture
def folder(tmp_path):
    """Return a working directory with the metadata of four parts, one of which is damaged."""
    (tmp_path / "parts").mkdir()
    for part in range(4):
        synthetic.write_part(tmp_path / "mirror", part, 5, 4)[1].rename(
            tmp_path / "parts" / f"metadata_{part:04d}.parquet"
        )
    (tmp_path / "parts" / "metadata_0000.parquet").write_bytes(b"damaged")
    return tmp_path


def test_a_definition_that_fits(folder, tmp_path):
    preflight.check_definition(folder, json.dumps(GOOD))
    preflight.check_definition(tmp_path / "not there", json.dumps(GOOD))


BAD = [
    ({"keep": [["similarty", ">", 0.3]]}, "no column similarty, but similarity"),
    ({"columns": ["URL"]}, "no column URL, but url"),
    ({"keep": [["width", "==", "wide"]]}, "the column width of type int64"),
]


@pytest.mark.parametrize(("change", "found"), BAD)
def test_a_definition_that_fits_no_part(folder, change, found):
    (folder / "parts" / "metadata_0000.parquet").unlink()
    with pytest.raises(ConfigError, match="Nothing was started, and no shard was changed") as caught:
        preflight.check_shard(folder, "0001", json.dumps(GOOD | change), keep_shards=True)
    assert found in str(caught.value)


def test_a_shard_that_exists_is_not_checked_again(folder):
    (folder / "shards").mkdir()
    (folder / "shards" / "0001.json").write_text(json.dumps({"definition": GOOD | BAD[0][0]}))
    preflight.check_shard(folder, "0001", json.dumps(GOOD | BAD[0][0]), keep_shards=True)


@pytest.fixture
def products(tmp_path):
    """Return two virtual products, of shards 1 and 2, and of shard 3, and one that is contiguous."""
    (tmp_path / "shards").mkdir()
    shards = [tmp_path / "shards" / f"{number:04d}.h5" for number in (1, 2, 3)]
    for shard in shards:
        with hdf5.create(shard, 2, 4):
            pass
    files = [tmp_path / f"laion2B-{last}.h5" for last in (2, 3, 4)]
    hdf5.create_virtual(files[0], [hdf5.find_data(shard) for shard in shards[:2]], tmp_path)
    hdf5.create_virtual(files[1], [hdf5.find_data(shards[2])], tmp_path)
    with hdf5.create(files[2], 2, 4):
        pass
    return files


def test_what_virtual_products_point_to_is_what_hdf5_says(products):
    for product in products:
        assert preflight.pointed_to(product) == hdf5.shards_of_virtual(product)
    assert [len(preflight.pointed_to(product)) for product in products] == [2, 1, 0]


def test_no_shard_of_a_virtual_product_changes(products, tmp_path):
    definition = json.dumps(GOOD)
    (tmp_path / "shards" / "0002.json").write_text(json.dumps({"definition": GOOD}))
    preflight.check_shard(tmp_path, "0002", definition, keep_shards=True)
    preflight.check_shard(tmp_path, "0007", definition, keep_shards=True)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "metadata_0002.parquet").touch()
    os.utime(tmp_path / "parts" / "metadata_0002.parquet", (2**32, 2**32))  # newer than its shard
    for part, keep_shards in (("0002", True), ("0002", False), ("0001", True)):
        with pytest.raises(
            ConfigError,
            match=f"laion2B-2.h5 is virtual.*change or delete shards/{part}.h5.*delete .*laion2B-2.h5 first",
        ):
            preflight.check_shard(tmp_path, part, definition, keep_shards)


def test_a_virtual_product_whose_shard_is_missing(products, tmp_path):
    first, _, contiguous = products
    shards = [tmp_path / "shards" / f"{number:04d}.h5" for number in (1, 2)]
    preflight.check_virtual(first, shards)
    shards[1].unlink()
    with pytest.raises(ShardError, match=r"laion2B-2\.h5: found 1 of its shards missing, such as .*0002\.h5"):
        preflight.check_virtual(first, shards)
    preflight.check_virtual(contiguous, shards)
    preflight.check_virtual(tmp_path / "not there.h5", shards)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--cores", "2", "laion2B-1.h5"],
        ["--workflow-profile", "none"],
        ["--workflow-profile", "slurm"],  # Snakemake looks beside the Snakefile
        ["--workflow-profile=profiles/mine", "laion2B-1.h5"],
        ["--workflow-profile", "mine", "--directory", "elsewhere"],
    ],
)
def test_profiles_that_snakemake_finds(arguments, tmp_path):
    (tmp_path / "clone" / "profiles" / "slurm").mkdir(parents=True)
    (tmp_path / "here" / "profiles" / "mine").mkdir(parents=True)
    preflight.check_profile(arguments, tmp_path / "here", tmp_path / "clone")


@pytest.mark.parametrize("name", ["slrum", "profiles/slurm"])
def test_profiles_that_snakemake_does_not_find(name, tmp_path):
    (tmp_path / "clone" / "profiles" / "slurm").mkdir(parents=True)
    with pytest.raises(
        ConfigError, match=f"--workflow-profile {name}: there is no such profile.* name one of default, generic, slurm"
    ):
        preflight.check_profile(["-n", "--workflow-profile", name], tmp_path, tmp_path / "clone")


NOBODY = 65534
"""The number of a user who owns nothing."""


def test_a_folder_that_is_read_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # so that nobody needs to pass through the folders above
    for folder, mode in ((".", 0o777), ("parts", 0o555), ("shards", 0o777)):
        Path(folder).mkdir(exist_ok=True)
        Path(folder).chmod(mode)
    child = os.fork()
    if not child:  # root may write anywhere
        try:
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            preflight.check_writable(
                [Job("filter", [Path("shards/0001.h5"), Path("x")], [Path("logs/filter/0001.log")])]
            )
            with pytest.raises(ConfigError, match="parts can't be written to, but the run would write files there"):
                preflight.check_writable([Job("filter", [Path("shards/0001.h5"), Path("parts/new/x.npy")])])
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def job(rule, *outputs):
    return Job(rule, tuple(map(Path, outputs)))


def shard(part):
    return job("filter", f"shards/{part}.h5", f"shards/{part}.tsv", f"shards/{part}.json")


@pytest.mark.parametrize("check", ["verify", "jld2", "verify_gold", "report"])
@pytest.mark.parametrize("writer", ["filter", "concatenate_embeddings", "concatenate_metadata", "merge"])
def test_what_is_built_is_checked_in_another_run(check, writer):
    with pytest.raises(ConfigError, match="found.txt describes finished files, but this run would also write made.h5"):
        preflight.check_order([job(writer, "made.h5"), job(check, "found.txt")])
    preflight.check_order([job(check, "found.txt"), job("describe", "x")])
    preflight.check_order([job(writer, "made.h5"), job("describe", "x")])


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Make the files of a working directory in which parts 1 and 2 were filtered; the shard of part 2 was deleted."""
    monkeypatch.chdir(tmp_path)
    for folder in ("parts", "shards"):
        Path(folder).mkdir()
    for name in ("0001.h5", "0001.tsv", "0001.json", "0002.json"):
        Path("shards", name).touch()
    Path("laion2B-2.h5").touch()
    Path("parts/img_emb_0001.npy").touch()


def test_work_that_is_done_again_is_announced(built):
    jobs = [
        shard("0001"), shard("0002"), shard("0003"), job("concatenate_embeddings", "laion2B-2.h5"), job("concatenate_metadata", "metadata-2.tsv"),
        job("part", "parts/img_emb_0001.npy"), job("part", "parts/img_emb_0002.npy"), job("part", "parts/img_emb_0003.npy"),
    ]  # fmt: skip
    lost, whole, fetched = preflight.work_done_again(jobs)
    assert lost.startswith("1 shards that were deleted (`keep_shards: false`, or by you) will be rebuilt")
    assert whole.startswith("1 shards that exist will be deleted and rebuilt")
    assert lost.endswith(" With them, the run writes these products again: laion2B-2.h5.")
    assert fetched.startswith("1 files of parts will be downloaded again")


def test_new_work_is_not_announced(built):
    assert preflight.work_done_again([shard("0003"), job("part", "parts/img_emb_0003.npy")]) == []


def test_what_a_run_says_before_it_starts(built):
    nowhere = {"embeddings": "/nowhere/{part}.npy", "metadata": "/nowhere/{part}.parquet"}
    settings = load(mirrors=[nowhere], check_space=False)
    with Path("parts/img_emb_0001.npy").open("wb") as file:
        file.truncate(1_000_000)
    with Path("parts/metadata_0001.parquet").open("wb") as file:
        file.truncate(1_000_000)
    sentences, warnings = preflight.before_start([shard("0001"), shard("0003")], settings, 1)
    assert len(sentences) == 1
    assert sentences[0].startswith("This run will write about 4.0 MB of shards.")
    assert len(warnings) == 1
    assert preflight.before_start([job("all")], settings, 1) == ([], [])
    again = Job("search_again", [Path("neighbors/again-1.h5")], [Path("logs/search_again/1.log")])
    (warning,) = preflight.before_start([again], settings, 1)[1]
    assert warning.startswith("gold-1.h5 is of so few parts")
