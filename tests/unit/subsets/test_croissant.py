"""The description of a subset for catalogues, against the validator of its format."""

import json
import subprocess
import sys

from laion2b.subsets import official
from laion2b.subsets.concatenate import point_to_embeddings
from laion2b.subsets.croissant import croissant
from laion2b.subsets.provenance import provenance
from tests.support.harness import REPOSITORY
from tests.support.shards import DEFINITION


def validate(description, path):
    path.write_text(json.dumps(description))
    program = "from mlcroissant.scripts.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "validate", "--jsonld", str(path)], capture_output=True, text=True, check=False
    )


def test_a_virtual_product(subset, shards, tmp_path):
    embeddings = subset[0][0]
    embeddings.unlink()
    point_to_embeddings(shards["h5"], shards["json"], embeddings, DEFINITION)
    content = provenance(*subset, tmp_path, DEFINITION, REPOSITORY)
    assert validate(croissant(content), tmp_path / "croissant.json").returncode == 0


def test_columns_with_odd_names(content, tmp_path):
    content["definition"]["columns"] = ['a "q"\tb', "it's <b>&, x"]
    done = validate(croissant(content), tmp_path / "croissant.json")
    assert done.returncode == 0, done.stderr


def test_croissant_is_valid(content, tmp_path):
    done = validate(croissant(content), tmp_path / "croissant.json")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "Found the following" not in done.stderr


def test_it_says_what_the_configuration_says(content):
    description = croissant(content)
    assert (description["license"], description["citeAs"]) == ("https://a.example/x", "Us, 2026")
    assert description["creator"]["name"] == "We"
    assert description["description"].startswith("Embeddings of parts 1 to 10 of ours: 9 rows of 4 float16")
    assert "LAION" not in json.dumps(description)
    nothing = croissant(content | dict.fromkeys(["name", "family", "license", "citation", "creator"]))
    assert not {"license", "citeAs", "creator", "url"} & nothing.keys()


def test_only_official_subsets_lead_to_the_page_of_the_challenge(content):
    content |= {"name": "laion2B", "family": "laion2b-en", "last_part": 11, "definition": official.DEFINITION.content()}
    assert croissant(content)["url"].startswith("https://sisap-challenges")
    for change in ({"name": "own"}, {"family": "demo"}, {"family": None}, {"last_part": 12}):
        assert "url" not in croissant(content | change)


def test_the_validator_finds_mistakes(content, tmp_path):
    description = croissant(content)
    del description["distribution"][0]["contentUrl"]
    assert validate(description, tmp_path / "croissant.json").returncode != 0
