"""Templates of mirrors."""

from pathlib import Path

import pytest

from laion2b.errors import ConfigError
from laion2b.parts import mirrors


@pytest.mark.parametrize(
    ("template", "expected", "ending"),
    [
        ("https://a.example/x/img_emb_{part:04d}.npy", "https://a.example/x/img_emb_0007.npy", ".npy"),
        ("http://a.example:8080/{part:03d}/{part}.NPZ?sig=a.b", "http://a.example:8080/007/7.NPZ?sig=a.b", ".npz"),
        ("http://[::1]:80/{part}.npy", "http://[::1]:80/7.npy", ".npy"),
        ("http://127.0.0.1:8080/{part}.npy", "http://127.0.0.1:8080/7.npy", ".npy"),
        ("http://data_node-3/{part}.npy", "http://data_node-3/7.npy", ".npy"),
        ("file:///data/{part}.h5", "file:///data/7.h5", ".h5"),
        ("/data/it's here/{part:d}.npy", "/data/it's here/7.npy", ".npy"),
        ("../data/{part:4d}.npy", "../data/   7.npy", ".npy"),
        ("~/data/100%/{part}#1.npy", "~/data/100%/7#1.npy", ".npy"),
    ],
)
def test_good_templates(template, expected, ending):
    mirrors.check_template(template)
    assert mirrors.addresses([{"embeddings": template}], "img_emb", 7) == [expected]
    assert mirrors.ending(template) == ending


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("https://a.example/x.npy", "expected {part}, or {part:04d}"),
        ("https://a.example/{}.npy", "nothing else in braces"),
        ("https://a.example/{part}{other}.npy", "nothing else in braces"),
        ("https://a.example/{part.__class__}.npy", "nothing else in braces"),
        ("https://a.example/{part!r}.npy", "nothing else in braces"),
        ("https://a.example/{part:>999999999}.npy", "nothing else in braces"),
        ("https://a.example/{part.npy", "\\(expected '}'"),
        ("ftp://a.example/{part}.npy", "a ftp:// URL, expected"),
        ("htps://a.example/{part}.npy", "a htps:// URL, expected"),
        ("s3://bucket/{part}.npy", "a s3:// URL, expected"),
        ("https:/a.example/{part}.npy", "two slashes"),
        ("https:///{part}.npy?sig=s3cret", "names no host"),
        ("https:/a.example/{part}.npy?sig=s3cret", "two slashes"),
        ("http://[bad/{part}.npy", "Invalid IPv6 URL"),
        ("http://h:abc/{part}.npy", "names no host"),
        ("http://a b/{part}.npy", "names no host"),
        (f"http://{'a' * 64}.example/{{part}}.npy", "names no host"),
        ("file://relative/{part}.npy", "three slashes"),
        ("https://me:s3cret@a.example/{part}.npy", "user name or password"),
    ],
)
def test_bad_templates(template, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        mirrors.check_template(template)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "path"),
    [("/a/b.npy", "/a/b.npy"), ("file:///a/b%20c.npy", "/a/b c.npy"), ("~/b.npy", str(Path.home() / "b.npy"))],
)
def test_local_paths(address, path):
    assert mirrors.local_path(address) == Path(path)


def test_relative_paths_start_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert mirrors.local_path("a/b.npy") == tmp_path / "a" / "b.npy"


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://me:pw@a.example:1/x?sig=1#f", "https://a.example:1/x"),
        ("https://a.example/me@home/x@y.npy", "https://a.example/me@home/x@y.npy"),
        ("https:/me:pw@a.example/x?sig=1", "https:/a.example/x"),
        ("http://[bad?sig=1", "http://[bad"),
        ("/local/what?.npy", "/local/what?.npy"),
    ],
)
def test_without_secrets(address, safe):
    assert mirrors.without_secrets(address) == safe
