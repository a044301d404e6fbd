"""Catalogues of known hashes."""

import subprocess

import pytest

from laion2b.errors import ConfigError, PartError
from laion2b.parts import catalogue

A, B = "a" * 64, "b" * 64


def test_what_sha256sum_writes(tmp_path):
    for name in (
        "img_emb_0001.npy",
        "metadata_0001.parquet",
        "img_emb_0001.npy.json",
        "img_emb_0002.npy.part",
        "other.npy",
    ):
        (tmp_path / name).write_text(name)
    lines = "".join(f"{line}\n" for line in catalogue.lines(tmp_path))
    names = ["img_emb_0001.npy", "metadata_0001.parquet"]
    assert (
        lines
        == subprocess.run(["sha256sum", *names], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True).stdout
    )
    (tmp_path / "SHA256SUMS").write_text(lines)
    assert list(catalogue.read(tmp_path / "SHA256SUMS")) == names


def test_forms_of_lines(tmp_path):
    (tmp_path / "x").write_text(f"# note\n\n{A.upper()} *some/folder/x y.npy\n{B}  z.npy\n{B}  z.npy\n")
    assert catalogue.read(tmp_path / "x") == {"x y.npy": A, "z.npy": B}


@pytest.mark.parametrize("line", ["abc  x.npy", f"{A}x.npy", f"{A}  ", f"{B}  x.npy", "<html>"])
def test_lines_that_are_none(tmp_path, line):
    (tmp_path / "x").write_text(f"{A}  x.npy\n{line}\n")
    with pytest.raises(ConfigError, match="line 2: found"):
        catalogue.read(tmp_path / "x")


@pytest.mark.parametrize("content", ["", "\n \n", "# 24 files\n"])
def test_a_catalogue_without_entries_compares_nothing_and_is_refused(tmp_path, content):
    (tmp_path / "x").write_text(content)
    with pytest.raises(ConfigError, match="found no SHA-256 of any file, expected a line for each file of a part"):
        catalogue.read(tmp_path / "x")


def test_a_catalogue_that_is_no_file(tmp_path):
    (tmp_path / "x").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="`checksums`: .*found a device, expected a regular file"):
        catalogue.read(tmp_path / "x")
    with pytest.raises(ConfigError, match="can't be read \\(embedded null byte\\)"):
        catalogue.read(tmp_path / "a\0b")


def test_no_text(tmp_path):
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="it is not text"):
        catalogue.read(tmp_path / "x")


def test_compare(tmp_path):
    catalogue.compare(tmp_path / "x.npy", A, {"x.npy": A})
    catalogue.compare(tmp_path / "y.npy", A, {"x.npy": B})
    with pytest.raises(PartError, match=f"found SHA-256 {A}, expected {B}, as the catalogue says"):
        catalogue.compare(tmp_path / "x.npy", A, {"x.npy": B})
