"""The configuration is complete, and mistakes in it are explained."""

import pytest
import yaml

from laion2b import configuration
from laion2b.errors import ConfigError
from tests.harness import REPOSITORY

DEFAULTS = REPOSITORY / "config.yaml"
SCHEMA = REPOSITORY / "workflow" / "config.schema.yaml"


def load(**keys):
    return configuration.load(keys, DEFAULTS, SCHEMA)


def mirror(embeddings="/x/{part}.npy", metadata="/x/{part}.parquet"):
    return {"embeddings": embeddings, "metadata": metadata}


def test_the_defaults_are_the_official_subsets():
    settings = load()
    assert settings == yaml.safe_load(DEFAULTS.read_text())
    assert [len(configuration.parts(last, settings["first_part"])) for last in settings["subsets"]] == [11, 33, 111]
    assert (settings["keep"], settings["dimensions"]) == ([["NSFW", "!=", "NSFW"]], 768)


def test_single_keys_override_the_defaults():
    assert load(dimensions=512) == load() | {"dimensions": 512}


@pytest.mark.parametrize(
    "keys",
    [
        {"keep": []},
        {"keep": [["width", ">", 3], ["NSFW", "not in", ["a", "b"]], ["good", "==", True]]},
        {"bandwidth": 2.5},
        {"bandwidth": None},
        {"mirrors": [mirror(), mirror("https://a.example/{part}.npy")]},
        {"mirrors": [mirror("/x/{part}.npz")]},
        {"first_part": 0, "subsets": [0]},
    ],
)
def test_good_configurations(keys):
    assert load(**keys).items() >= keys.items()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"mirror": []}, "`mirror` is not a key of the configuration; did you mean `mirrors`?"),
        ({"zzz": 1}, "`zzz` is not a key of the configuration; the keys are mirrors, "),
        ({"first_part": -1}, "`first_part`: -1 is not valid. Expected: the number of the first part"),
        ({"first_part": "one"}, "`first_part`: 'one' is not valid."),
        ({"first_part": 5, "subsets": [4, 5]}, "`subsets`: [4] end before `first_part`, which is 5."),
        ({"subsets": []}, "`subsets`: [] is not valid."),
        ({"layout": "chunked"}, "`layout`: 'chunked' is not valid. Expected: contiguous"),
        ({"layout": "virtual", "keep_shards": False}, "a virtual laion2B-N.h5 is nothing without its shards"),
        ({"subsets": [3, 3]}, "`subsets`: [3, 3] is not valid."),
        ({"columns": "url"}, "`columns`: 'url' is not valid."),
        ({"columns": [1]}, "`columns[0]`: 1 is not valid."),
        ({"dimensions": 0}, "`dimensions`: 0 is not valid."),
        ({"keep_parts": "perhaps"}, "`keep_parts`: 'perhaps' is not valid."),
        ({"dimensions": 768.0}, "`dimensions`: 768.0 is not valid."),
        ({"first_part": True}, "`first_part`: True is not valid."),
        ({"subsets": 2}, "`subsets`: 2 is not valid. Expected: a list of the last parts"),
        ({"keep": [["width", "<", 2**70]]}, "can't be compared"),
        ({"keep": [["width", "<", float("nan")]]}, "can't be compared"),
        ({"mirrors": [mirror("http://[bad/{part}.npy")]}, "Invalid IPv6 URL"),
        (
            {"checksums": "/nowhere/SHA256SUMS"},
            "/nowhere/SHA256SUMS, which `checksums` names, can't be read: No such file",
        ),
        ({"timeout": float("inf")}, "`timeout`: inf is not valid."),
        ({"timeout": float("nan")}, "`timeout`: nan is not valid."),
        ({"timeout": 1e20}, "`timeout`: 1e+20 is not valid."),
        ({"keep": [["url", "not in", ["x" * 100] * 2236]]}, "which no command line holds"),
        ({"bandwidth": 0}, "`bandwidth`: 0 is not valid."),
        ({"keep": [["NSFW", "!="]]}, "`keep[0]`: ['NSFW', '!='] is not valid."),
        ({"keep": [["NSFW", "like", "x"]]}, "'like' is not an operator; use one of ==, !=, <, <=, >, >=, in, not in."),
        ({"keep": [["NSFW", "in", "x"]]}, "NSFW in needs a list of values, but has 'x'."),
        ({"keep": [["NSFW", "in", []]]}, "NSFW in needs a list of values, but has []."),
        ({"keep": [["NSFW", "==", None]]}, "NSFW == None can't be compared"),
        ({"keep": [["NSFW", "==", ["x"]]]}, "NSFW == ['x'] can't be compared"),
        ({"keep": [[3, "==", "x"]]}, "3 is not the name of a column."),
        ({"mirrors": []}, "`mirrors`: found list. Expected: where parts are fetched from"),
        ({"mirrors": [{"embeddings": "/x/{part}.npy"}]}, "`mirrors[0]`: found the keys embeddings. Expected: "),
        ({"mirrors": [mirror("/x/{part}.npy.gz")]}, "the embeddings end in '.gz'. Expected: one ending"),
        ({"mirrors": [mirror(), mirror("/x/{part}.h5")]}, "the embeddings end in '.h5', '.npy'. Expected: one ending"),
        ({"mirrors": [mirror(metadata="/x/{part}.csv")]}, "the metadata end in '.csv'."),
        ({"mirrors": [mirror("ftp://x/{part}.npy")]}, "ftp:// can't be fetched from"),
    ],
)
def test_mistakes(keys, sentence):
    with pytest.raises(ConfigError) as caught:
        load(**keys)
    assert sentence in str(caught.value)


def test_all_mistakes_are_told_at_once_and_no_secret_with_them():
    with pytest.raises(ConfigError) as caught:
        load(colums=[], dimensions="x", mirrors=[{"embeddings": "https://a:s3cret@b.example/{part}.npy?s3cret"}])
    assert str(caught.value).count("\n- ") == 3
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "meant"),
    [
        ({"keep_parts": "false"}, {"keep_parts": False}),
        ({"bandwidth": "null"}, {"bandwidth": None}),
        ({"subsets": ["2", "3"]}, {"subsets": [2, 3]}),
        ({"keep": '[[NSFW, "==", UNSURE]]'}, {"keep": [["NSFW", "==", "UNSURE"]]}),
    ],
)
def test_values_as_the_command_line_leaves_them(keys, meant):
    assert load(**keys) == load(**meant)


def test_parts_are_not_deleted_through_a_link(tmp_path):
    parts = tmp_path / "parts"
    configuration.check_folder_of_parts(parts, {"keep_parts": False})
    parts.symlink_to(tmp_path)
    configuration.check_folder_of_parts(parts, {"keep_parts": True})
    with pytest.raises(ConfigError, match="is a link to .*, which others may use"):
        configuration.check_folder_of_parts(parts, {"keep_parts": False})


def test_a_link_that_leads_nowhere(tmp_path):
    (tmp_path / "parts").symlink_to(tmp_path / "not mounted")
    with pytest.raises(ConfigError, match="parts is a link to .*not mounted, which is no folder"):
        configuration.check_folder_of_parts(tmp_path / "parts", {"keep_parts": True})


@pytest.mark.parametrize(("last", "first", "expected"), [(3, 1, [1, 2, 3]), (1, 1, [1]), (2, 0, [0, 1, 2])])
def test_parts(last, first, expected):
    assert configuration.parts(last, first) == expected


def test_no_parts():
    with pytest.raises(ConfigError, match="The subset 1 would end before it begins"):
        configuration.parts(1, 2)
