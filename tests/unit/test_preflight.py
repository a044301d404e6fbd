"""What is checked before the first job."""

import pytest

from demo import synthetic
from laion2b import hdf5, preflight, record
from laion2b.errors import ConfigError, ShardError

GOOD = {"keep": [["NSFW", "!=", "NSFW"]], "columns": ["url"], "dimensions": 768, "version": 1}


@pytest.fixture
def metadata(tmp_path):
    """Return the metadata of four parts, one of which is damaged."""
    files = [synthetic.write_part(tmp_path, part, 5, 4)[1] for part in range(4)]
    files[0].write_bytes(b"damaged")
    return files


def test_a_definition_that_fits(metadata, tmp_path):
    preflight.check_definition([tmp_path / "not there", *metadata], GOOD)
    preflight.check_definition([], GOOD)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"keep": [["similarty", ">", 0.3]]}, "no column similarty; did you mean similarity?"),
        ({"columns": ["URL"]}, "no column URL; did you mean url?"),
        ({"keep": [["width", "==", "wide"]]}, "the column width of type int64"),
    ],
)
def test_a_definition_that_fits_no_part(metadata, change, found):
    with pytest.raises(ConfigError, match="nothing was started, and no shard was touched") as caught:
        preflight.check_definition(metadata[1:], GOOD | change)
    assert found in str(caught.value)


def test_parts_that_are_not_ours_are_not_deleted(tmp_path):
    ours, linked, own = (tmp_path / name for name in ("ours", "linked", "own"))
    ours.write_text("x")
    linked.symlink_to(ours)
    record.write(ours, url="https://mirror.example/ours", stat=ours.stat(), sha256="0", started="")
    preflight.refuse_to_delete([ours, linked, tmp_path / "not there"])
    own.write_text("x")
    for _ in range(2):
        with pytest.raises(ConfigError, match="1 of them, such as .*own, were not downloaded by this workflow"):
            preflight.refuse_to_delete([ours, linked, own])
        record.adopt(own)


def test_what_will_be_linked(tmp_path):
    there, missing, remote = tmp_path / "there", tmp_path / "missing", "http://127.0.0.1:9/x"
    there.write_text("x")
    table = {(there,): True, (missing,): False, (missing, there): True, (remote, there): False, (there, remote): True}
    assert {urls: preflight.is_linked(list(map(str, urls))) for urls in table} == table


def test_a_mirror_that_says_nothing_is_reported(tmp_path):
    warnings = []
    (tmp_path / "there.npy").write_bytes(b"12345")
    addresses = {
        tmp_path / "img_emb_0001.npy": ["http://127.0.0.1:9/x", str(tmp_path / "there.npy")],
        tmp_path / "metadata_0001.parquet": ["http://127.0.0.1:9/x"],
    }
    ask = preflight.asker(addresses, warnings.append)
    assert (ask("img_emb"), ask("metadata")) == (5, None)
    assert warnings == ["No mirror says how large metadata_0001.parquet is. The run tries to download it all the same."]


@pytest.fixture
def views(tmp_path):
    """Return two views, of shards 0 and 1, and of shard 2, and a product that is none."""
    shards = [tmp_path / f"{number}.h5" for number in range(3)]
    for shard in shards:
        with hdf5.create(shard, 2, 4):
            pass
    products = [tmp_path / name for name in ("first.h5", "second.h5", "copy.h5")]
    hdf5.create_view(products[0], [hdf5.locate(shard) for shard in shards[:2]], tmp_path)
    hdf5.create_view(products[1], [hdf5.locate(shards[2])], tmp_path)
    with hdf5.create(products[2], 2, 4):
        pass
    return products


def test_views_of_shards_that_change_are_given_up_if_they_are_made_anew(views, tmp_path):
    first, second, copy = views
    preflight.give_up_views(views, {first, copy}, {tmp_path / "1.h5"})
    assert [path.exists() for path in views] == [False, True, True]
    with pytest.raises(ConfigError, match=r"second\.h5 is a view of shards .* does not include it. Ask for .*second"):
        preflight.give_up_views([second, copy], {copy}, {tmp_path / "2.h5"})
    preflight.give_up_views([second, copy], set(), {tmp_path / "7.h5"})
    assert second.exists()


def test_a_view_with_a_shard_gone(views, tmp_path):
    first, _, copy = views
    shards = [tmp_path / f"{number}.h5" for number in range(2)]
    preflight.check_view(first, shards)
    shards[1].unlink()
    with pytest.raises(ShardError, match=r"first\.h5: found 1 of its shards gone, such as .*1\.h5"):
        preflight.check_view(first, shards)
    preflight.check_view(copy, shards)
    preflight.check_view(tmp_path / "not there.h5", shards)


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
