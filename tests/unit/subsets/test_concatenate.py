"""Shards come together in the order given, and damage does not get in."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from laion2b.errors import ConfigError, ShardError
from laion2b.formats import hdf5
from laion2b.names import TEMPORARY, with_ending
from laion2b.subsets.concatenate import concatenate_embeddings, concatenate_metadata, point_to_embeddings
from tests.support.shards import DEFINITION, build, flip


def test_in_the_order_given(shards, tmp_path):
    content, tsv = build(shards, tmp_path / "subset.h5")
    expected = np.repeat([0, 1, 2, 3, 4, 1, 0, 1, 3], 4).astype("<f2")
    assert content[hdf5.find_data(tmp_path / "subset.h5").offset :].startswith(expected.tobytes())
    lines = b'0\ta\n1\ta\n2\ta\n3\ta\n4\ta\n1\tb\n0\tc\n1\t"\t"\n3\t"q"""\n'
    assert tsv == b"caption\tNSFW\n" + lines
    reverse = {ending: files[::-1] for ending, files in shards.items()}
    assert build(reverse, tmp_path / "reverse.h5")[1].startswith(b"caption\tNSFW\n0\tc\n")


def test_all_bytes_are_reported(shards, tmp_path):
    for kind, concatenate, size in (
        ("h5", concatenate_embeddings, sum(hdf5.find_data(shard).size for shard in shards["h5"])),
        (
            "tsv",
            concatenate_metadata,
            sum(len(shard.read_bytes()) - len(b"caption\tNSFW\n") for shard in shards["tsv"]),
        ),
    ):
        counts = []
        concatenate(shards[kind], shards["json"], tmp_path / "subset", DEFINITION, counts.append)
        assert sum(counts) == size


DAMAGES = {
    "a bit in the embeddings": lambda shards: flip(shards["h5"][0], hdf5.find_data(shards["h5"][0]).offset + 3),
    "a bit in the TSV": lambda shards: flip(shards["tsv"][0], -2),
    "the header line": lambda shards: flip(shards["tsv"][0], 0),
    "a cut HDF5": lambda shards: shards["h5"][0].write_bytes(shards["h5"][0].read_bytes()[:-9]),
    "a cut TSV": lambda shards: shards["tsv"][0].write_bytes(shards["tsv"][0].read_bytes()[:-1]),
    "no HDF5 at all": lambda shards: shards["h5"][0].write_bytes(b"x" * 9000),
    "the shard of another part": lambda shards: shards["h5"][0].write_bytes(shards["h5"][2].read_bytes()),
    "the TSV of another part": lambda shards: shards["tsv"][0].write_bytes(shards["tsv"][2].read_bytes()),
    "a record that is none": lambda shards: shards["json"][0].write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_named_and_the_old_product_stays(shards, tmp_path, damage):
    target = tmp_path / "subset.h5"
    before = build(shards, target)
    DAMAGES[damage](shards)
    with pytest.raises(ShardError, match=r"0001\.(h5|tsv|json): found .* What to do: delete .*0001"):
        build(shards, target)
    assert (target.read_bytes(), target.with_suffix(".tsv").read_bytes()) == before
    assert not with_ending(target, TEMPORARY).exists()


def test_a_shard_copied_over_another(shards, tmp_path):
    for files in shards.values():
        files[2].write_bytes(files[0].read_bytes())
    for kind, concatenate in (("h5", concatenate_embeddings), ("tsv", concatenate_metadata)):
        with pytest.raises(ShardError, match=r"0003.json: found the record of part 0001, expected that of part 0003"):
            concatenate(shards[kind], shards["json"], tmp_path / "subset", DEFINITION)


@pytest.mark.parametrize(
    "other",
    [{"dimensions": 8}, {"keep": []}, {"columns": ["NSFW", "caption"]}, {"version": 2}],
    ids=lambda other: next(iter(other)),
)
def test_shards_of_another_definition(shards, tmp_path, other):
    definition = replace(DEFINITION, **other)
    for kind, concatenate in (("h5", concatenate_embeddings), ("tsv", concatenate_metadata)):
        with pytest.raises(ShardError, match=r"0001.json: found a shard made by .* do: delete .*0001.json"):
            concatenate(shards[kind], shards["json"], tmp_path / "subset", definition)


def view(shards, target):
    """Write a virtual product and return what is read through it."""
    rows = point_to_embeddings(shards["h5"], shards["json"], target, DEFINITION)
    with h5py.File(target) as file:
        assert len(file["emb"]) == rows
        return file["emb"][:]


def test_a_view_reads_like_the_copy_from_anywhere_and_moves_with_its_shards(shards, tmp_path, monkeypatch):
    build(shards, tmp_path / "copy.h5")
    with h5py.File(tmp_path / "copy.h5") as file:
        expected = file["emb"][:]
    (tmp_path / "new").mkdir()
    assert hdf5.shards_of_virtual(tmp_path / "copy.h5") == []
    monkeypatch.chdir("/")
    assert view(shards, tmp_path / "new" / "view.h5").tobytes() == expected.tobytes()
    found = [path.resolve() for path in hdf5.shards_of_virtual(tmp_path / "new" / "view.h5")]
    assert found == [shards["h5"][number] for number in (0, 2, 3)]  # the second has no rows
    content = (tmp_path / "new" / "view.h5").read_bytes()
    view(shards, tmp_path / "new" / "view.h5")
    assert (tmp_path / "new" / "view.h5").read_bytes() == content
    assert str(tmp_path).encode() not in content
    moved = tmp_path.rename(tmp_path.with_name(tmp_path.name + " moved"))
    with h5py.File(moved / "new" / "view.h5") as file:
        assert file["emb"][:].tobytes() == expected.tobytes()
    moved.rename(tmp_path)


def test_rows_of_a_shard_that_is_gone_read_as_nan(shards, tmp_path):
    expected = view(shards, tmp_path / "view.h5")
    shards["h5"][2].unlink()
    with h5py.File(tmp_path / "view.h5") as file:
        found = file["emb"][:]
    assert np.isnan(found[5]).all()
    assert np.array_equal(np.delete(found, 5, 0), np.delete(expected, 5, 0))


def test_a_view_of_nothing(shards, tmp_path):
    nothing = {ending: files[1:2] for ending, files in shards.items()}
    assert view(nothing, tmp_path / "view.h5").shape == (0, 4)


def test_a_view_of_a_cut_shard_is_refused(shards, tmp_path):
    DAMAGES["a cut HDF5"](shards)
    with pytest.raises(ShardError, match=r"0001\.h5: found .*truncated file"):
        view(shards, tmp_path / "view.h5")
    assert not (tmp_path / "view.h5").exists()


def test_a_view_of_more_files_than_a_process_may_open_is_refused(shards, tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "MOST_SOURCES", 3)
    with pytest.raises(
        ConfigError, match=r"view\.h5, which has 4 shards, expected at most 3 .* set `layout: contiguous`"
    ):
        view(shards, tmp_path / "view.h5")
