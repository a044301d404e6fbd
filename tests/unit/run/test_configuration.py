"""The configuration is complete, and mistakes in it are explained."""

import os
from pathlib import Path

import pytest
import yaml

from laion2b.errors import ConfigError, Laion2bError
from laion2b.parts.numbers import parts_up_to
from laion2b.run import configuration, forms
from laion2b.shards import list_files
from tests.support.configuration import DEFAULTS, load
from tests.support.harness import REPOSITORY


def mirror(embeddings="/x/{part}.npy", metadata="/x/{part}.parquet"):
    return {"embeddings": embeddings, "metadata": metadata}


def test_the_defaults_are_the_official_subsets():
    settings = load()
    assert settings == yaml.safe_load(DEFAULTS.read_text())
    assert [len(parts_up_to(last, settings)) for last in settings["subsets"]] == [11, 33, 111]
    assert (settings["keep"], settings["dimensions"]) == ([["NSFW", "!=", "NSFW"]], 768)


def test_single_keys_override_the_defaults():
    assert load(dimensions=512) == load() | {"dimensions": 512}


@pytest.mark.parametrize(
    "keys",
    [
        {"keep": []},
        {"keep": [["width", ">", 3], ["NSFW", "not in", ["a", "b"]], ["good", "==", True]]},
        {"keep": [["width", "<", 2**64 - 1], ["width", ">=", -(2**63)]]},
        {"bandwidth": 2.5},
        {"bandwidth": None},
        {"mirrors": [mirror(), mirror("https://a.example/{part}.npy")]},
        {"mirrors": [mirror("/x/{part}.npz")]},
        {"first_part": 0, "subsets": [0]},
        {"name": "x.y_3", "family": None, "holes": [0, 4, 9999], "license": "a: b", "citation": "[1]"},
    ],
)
def test_good_configurations(keys):
    assert load(**keys).items() >= keys.items()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"mirror": []}, "`mirror` is not a key of the configuration; did you mean `mirrors`?"),
        ({"Columns": []}, "did you mean `columns`"),
        ({"keep_part": False}, "did you mean `keep_parts`"),
        ({"first_part": -1}, "`first_part`: found -1, expected the number of the first part"),
        ({"first_part": "one"}, "`first_part`: found 'one', expected"),
        (
            {"first_part": 5, "subsets": [4, 5]},
            "`subsets`: found [4], expected last parts from `first_part` on, which is 5.",
        ),
        ({"subsets": [2313, 2314]}, "`subsets`: found [2314], expected last parts up to `last_part`, which is 2313."),
        ({"subsets": "11"}, "`subsets: [11]` in config.yaml, --config 'subsets=[11]' on the command line."),
        ({"columns": "url"}, "`columns: [url]` in config.yaml, --config 'columns=[url]' on the"),
        ({"subsets": []}, "`subsets`: found [], expected"),
        ({"layout": "chunked"}, "`layout`: found 'chunked', expected contiguous"),
        (
            {"layout": "virtual", "keep_shards": False},
            "`layout`: found virtual with `keep_shards: false`, expected shards that stay",
        ),
        ({"subsets": [3, 3]}, "`subsets`: found [3, 3], expected"),
        ({"name": "Gold"}, "`name`: found 'Gold', expected a name that no other file or folder has"),
        ({"name": "a-b"}, "`name`: found 'a-b', expected how the names of your subsets begin"),
        ({"name": "../x"}, "`name`: found '../x', expected"),
        ({"family": ""}, "`family`: found '', expected"),
        ({"holes": [3], "subsets": [2, 3]}, "`subsets`: found 3, which is one of `holes`, expected parts that exist"),
        ({"holes": 3}, "--config 'holes=[3]'"),
        (
            {"queries": {"part": 0, "rows": 1, "seed": 1}, "holes": [0]},
            "`queries`: found part 0, which is one of `holes`",
        ),
        ({"columns": "url"}, "`columns`: found 'url', expected"),
        ({"columns": [1]}, "`columns[0]`: found 1, expected"),
        ({"dimensions": 0}, "`dimensions`: found 0, expected"),
        ({"keep_parts": "perhaps"}, "`keep_parts`: found 'perhaps', expected"),
        ({"dimensions": 768.0}, "`dimensions`: found 768.0, expected"),
        ({"first_part": True}, "`first_part`: found True, expected"),
        ({"subsets": 2}, "`subsets`: found 2, expected a list of numbers"),
        ({"keep": [["width", "<", 2**70]]}, "expected text, a number that a column can hold"),
        ({"keep": [["width", "<", 2**64]]}, "`keep`: found width < 18446744073709551616, expected text, a number"),
        ({"keep": [["width", "<", float("nan")]]}, "found width < nan, expected text, a number"),
        ({"mirrors": [mirror("http://[bad/{part}.npy")]}, "Invalid IPv6 URL"),
        (
            {"checksums": "/nowhere/SHA256SUMS"},
            "`checksums`: found /nowhere/SHA256SUMS, which can't be read (No such file",
        ),
        ({"timeout": float("inf")}, "`timeout`: found inf, expected"),
        ({"timeout": float("nan")}, "`timeout`: found nan, expected"),
        ({"timeout": 1e20}, "`timeout`: found 1e+20, expected"),
        ({"keep": [["url", "not in", ["x" * 100] * 2236]]}, "expected at most 50,000, which a command line can hold"),
        ({"bandwidth": 0}, "`bandwidth`: found 0, expected"),
        ({"keep": [["NSFW", "!="]]}, "`keep[0]`: found ['NSFW', '!='], expected"),
        (
            {"keep": [["NSFW", "like", "x"]]},
            "found 'like' as an operator, expected one of ==, !=, <, <=, >, >=, in, not in.",
        ),
        ({"keep": [["NSFW", "in", "x"]]}, "found NSFW in 'x', expected a list of values."),
        ({"keep": [["NSFW", "in", []]]}, "found NSFW in [], expected a list of values."),
        ({"keep": [["NSFW", "==", None]]}, "found NSFW == None, expected text"),
        ({"keep": [["NSFW", "==", ["x"]]]}, "found NSFW == ['x'], expected text"),
        ({"keep": [["day", "<", yaml.safe_load("2024-01-01")]]}, "write a date as text, in quotation marks"),
        ({"keep": [["NSFW", "==", yaml.safe_load("!!binary eA==")]]}, "found NSFW == b'x', expected text"),
        ({"keep": [["NSFW", "in", yaml.safe_load("!!set {x}")]]}, "found NSFW in {'x'}, expected a list of values."),
        ({"mirrors": [mirror("~nosuchuser/{part}.npy")]}, "but the user nosuchuser has no home folder on this machine"),
        ({"mirrors": [mirror("/x\0/{part}.npy")]}, "which holds a NUL character, expected a path or a URL"),
        ({"checksums": "x\0y"}, "which can't be read (embedded null byte)"),
        ({"keep": [[3, "==", "x"]]}, "found 3 as the name of a column, expected text."),
        ({"mirrors": []}, "`mirrors`: found an empty list, expected a list of places to fetch parts from"),
        ({"mirrors": [{"metadata": "/x/{part}.parquet"}]}, "`mirrors[0]`: found the keys metadata, expected "),
        ({"mirrors": [{"embeddings": "/x/{part}.npy"}]}, "`mirrors`: found no key `metadata`, expected the address"),
        ({"drop": [{"file": "x.txt", "by": "URL"}]}, "`drop[0][by]`: found 'URL', expected"),
        ({"keep_only": [{"file": "x.txt", "by": "url"}]}, "`keep_only`: found x.txt, which does not exist"),
        ({"aliases": {"url": "URL"}}, "`aliases[url]`: found 'URL', expected other names of columns"),
        ({"modulus": 0}, "`modulus`: found 0, expected the number of all parts"),
        ({"regroup": {"files": []}}, "`regroup"),
        ({"mirrors": [mirror("/x/{part}.npy.gz")]}, "found embeddings that end in '.gz', expected one ending"),
        (
            {"mirrors": [mirror(), mirror("/x/{part}.h5")]},
            "found embeddings that end in '.h5', '.npy', expected one ending",
        ),
        ({"mirrors": [mirror(metadata="/x/{part}.csv")]}, "found metadata that end in '.csv', expected one ending"),
        ({"mirrors": [mirror("ftp://x/{part}.npy")]}, "a ftp:// URL, expected a URL with http://"),
    ],
)
def test_mistakes(keys, sentence):
    with pytest.raises(ConfigError) as caught:
        load(**keys)
    assert sentence in str(caught.value)


def test_all_mistakes_are_told_at_once_and_no_secret_with_them():
    with pytest.raises(ConfigError) as caught:
        load(colums=[], dimensions="x", mirrors=[{"metadata": "https://a:s3cret@b.example/{part}.parquet?s3cret"}])
    assert str(caught.value).count("\n- ") == 3
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "meant"),
    [
        ({"keep_parts": "false"}, {"keep_parts": False}),
        ({"bandwidth": "null"}, {"bandwidth": None}),
        ({"family": "null"}, {"family": None}),
        ({"subsets": ["2", "3"]}, {"subsets": [2, 3]}),
        ({"keep": '[[NSFW, "==", UNSURE]]'}, {"keep": [["NSFW", "==", "UNSURE"]]}),
    ],
)
def test_values_as_the_command_line_leaves_them(keys, meant):
    assert load(**keys) == load(**meant)


def test_parts_are_not_deleted_through_a_link(tmp_path):
    parts = tmp_path / "parts"
    configuration.check_folder_of_parts(parts, keep_parts=False)
    parts.symlink_to(tmp_path)
    configuration.check_folder_of_parts(parts, keep_parts=True)
    with pytest.raises(ConfigError, match="is a link to .*, which others may use"):
        configuration.check_folder_of_parts(parts, keep_parts=False)


def test_a_link_that_leads_nowhere(tmp_path):
    (tmp_path / "parts").symlink_to(tmp_path / "not mounted")
    with pytest.raises(ConfigError, match="parts is a link to .*not mounted, which is no folder"):
        configuration.check_folder_of_parts(tmp_path / "parts", keep_parts=True)


def dangling(own):
    own.symlink_to("/not mounted/config.yaml")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (dangling, "config.yaml is a link to /not mounted/config.yaml, which does not exist. Is a disk not mounted"),
        (lambda own: own.write_bytes(b"columns: [\xff]"), "config.yaml can't be read as YAML: unacceptable character"),
        (lambda own: own.write_text("columns: ["), "config.yaml can't be read as YAML"),
        (lambda own: own.write_text("[" * 2_000), "config.yaml can't be read as YAML"),
        (lambda own: own.mkdir(), "found a folder, expected a regular file"),
        (os.mkfifo, "found a pipe, expected a regular file"),
    ],
)
def test_a_configuration_that_is_there_but_cannot_be_read_does_not_mean_the_defaults(
    tmp_path, monkeypatch, make, sentence
):
    monkeypatch.chdir(tmp_path)
    own = Path("config.yaml")
    make(own)
    for read in (lambda: configuration.read_own(own), lambda: configuration.load_here(REPOSITORY)):
        with pytest.raises(Laion2bError, match=sentence):
            read()


@pytest.mark.parametrize(
    ("text", "keys"),
    [("", {}), ("# a: 1\n\n  # b\n", {}), ("---", {}), ("a: 1 # x", {"a": 1}), ("{}", {})],
)
def test_what_a_configuration_holds(tmp_path, text, keys):
    assert configuration.read_own(tmp_path / "config.yaml") == {}
    (tmp_path / "config.yaml").write_text(text, encoding="utf-16" if text else None)  # YAML may be that, too
    assert configuration.read_own(tmp_path / "config.yaml") == keys


def test_a_configuration_without_keys(tmp_path):
    (tmp_path / "config.yaml").write_text("[1]")
    with pytest.raises(ConfigError, match="holds no keys with values"):
        configuration.read_own(tmp_path / "config.yaml")


def test_a_file_in_the_place_of_a_folder(tmp_path):
    configuration.check_folders(tmp_path, tmp_path / "missing")
    (tmp_path / "parts").touch()
    with pytest.raises(ConfigError, match="parts is no folder"):
        configuration.check_folders(tmp_path, tmp_path / "parts")


def test_keys_of_a_workflow_around_this_one_are_no_mistake():
    foreign = {"samples": "samples.tsv", "genome": {"build": 38}, "threads": 8, "pathvars": {"results": "out"}}
    assert load(**foreign) == load()


def test_parts_without_metadata_need_no_address_of_them():
    settings = load(mirrors=[{"embeddings": "/x/{part}.npz"}], columns=[], keep=[])
    assert not forms.needs_metadata(settings)
    assert not forms.has_files_of_metadata(settings)
    with pytest.raises(ConfigError, match=r"metadata-3\.tsv can't be made, because `columns` names no column"):
        forms.check_tsv(3, settings)


def test_a_table_that_holds_both_is_downloaded_once():
    both = "/x/{part}.parquet"
    settings = load(mirrors=[{"embeddings": both, "metadata": both}])
    assert forms.needs_metadata(settings)
    assert not forms.has_files_of_metadata(settings)
    assert forms.has_files_of_metadata(load())


def test_rows_that_go_need_another_name(tmp_path):
    (tmp_path / "urls.txt").touch()
    settings = {"drop": [{"file": str(tmp_path / "urls.txt"), "by": "url"}], "keep_only": None}
    assert not list_files.mistakes(settings | {"name": "cleaned"})
    assert "`name`: found laion2B, expected another name" in list_files.mistakes(settings | {"name": "laion2B"})[0]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({}, "`regroup`: found null, expected the files of a copy"),
        ({"regroup": {"files": ["x.parquet"], "order": "key"}, "modulus": None}, "`modulus`: found null, expected"),
        ({"regroup": {"files": ["x.parquet"], "order": "key"}}, "x.parquet, which is no file"),
    ],
)
def test_what_can_not_be_regrouped(keys, sentence):
    with pytest.raises(ConfigError) as caught:
        forms.files_to_regroup(load(**keys))
    assert sentence in str(caught.value)
