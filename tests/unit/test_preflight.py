"""What is checked before the first job."""

import pytest

from demo import synthetic
from laion2b import preflight, record
from laion2b.errors import ConfigError

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
