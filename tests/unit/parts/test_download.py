"""A file that the user puts into parts/ while it is downloaded stays as it is."""

import pytest

from laion2b.errors import PartError
from laion2b.parts import record
from laion2b.parts.download import download
from laion2b.parts.http import Limits
from mirror.server import MirrorServer


@pytest.fixture
def original(tmp_path):
    (tmp_path / "mirror").mkdir()
    file = tmp_path / "mirror" / "x.npy"
    file.write_bytes(b"of the mirror")
    return file


@pytest.mark.parametrize("is_remote", [True, False])
def test_a_file_that_comes_during_its_download(tmp_path, original, is_remote, caplog):
    file = tmp_path / "parts" / "x.npy"

    def check(*_):
        file.write_bytes(b"the user's")

    with MirrorServer(original.parent) as mirror:
        download(file, [f"{mirror.url}/x.npy" if is_remote else str(original)], check, Limits())
    assert file.read_bytes() == b"the user's"
    assert [path.name for path in file.parent.iterdir()] == ["x.npy"]
    assert "there during its download. Your file is used" in caplog.text
    assert not record.is_downloaded(file)


def test_a_link_of_the_user_to_a_disk_that_is_away(tmp_path, original):
    file = tmp_path / "x.npy"
    file.symlink_to(tmp_path / "away")
    with pytest.raises(PartError, match="a link to .*away, which does not exist"):
        download(file, [str(original)], lambda *_: None, Limits())
    assert file.is_symlink()


def test_a_link_of_ours_to_a_mirror_that_has_moved(tmp_path, original):
    file = tmp_path / "x.npy"
    old = tmp_path / "old.npy"
    old.write_bytes(b"of the mirror")
    download(file, [str(old)], lambda *_: None, Limits())
    old.unlink()
    download(file, [str(original)], lambda *_: None, Limits())
    assert file.readlink() == original
