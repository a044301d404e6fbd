"""What must stay equal in two places does."""

import re

import pytest
import yaml

from laion2b import __version__
from tests.harness import REPOSITORY


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


PINNED = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", read("requirements.lock"), re.MULTILINE)
PINS = dict(PINNED)
CONDA_NAMES = {"python-xxhash": "xxhash"}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_have_the_tested_versions(path):
    packages = [line.split("=") for line in yaml.safe_load(path.read_text())["dependencies"]]
    versions = {CONDA_NAMES.get(name, name): version for name, version in packages if name != "python"}
    assert versions == {name: PINS[name] for name in versions}


def test_every_pin_is_unique_and_hashed():
    lock = read("requirements.lock")
    assert len(PINNED) == len(PINS)
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=\S)", lock, flags=re.MULTILINE)[1:])
    assert "://" not in lock


def test_pre_commit_uses_the_tested_versions():
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    revisions = {entry["repo"].rpartition("/")[2].removesuffix("-pre-commit"): entry["rev"] for entry in repositories}
    assert revisions == {name: f"v{PINS[name]}" for name in ("ruff", "snakefmt")}


def test_every_key_of_the_configuration_is_documented():
    schema = yaml.safe_load(read("workflow/config.schema.yaml"))
    assert set(schema["properties"]) == set(schema["required"]) == set(yaml.safe_load(read("config.yaml")))
    assert all("description" in entry for entry in schema["properties"].values())
    table = read("README.md").partition("## Configuration")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(schema["properties"])


def test_one_version():
    assert re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)[1] == __version__
    assert yaml.safe_load(read("CITATION.cff"))["version"] == __version__


def test_the_library_knows_no_snakemake():
    for path in (REPOSITORY / "workflow" / "scripts").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) snakemake", path.read_text(), re.MULTILINE), path


def test_forms_that_others_read():
    assert yaml.safe_load(read(".snakemake-workflow-catalog.yml"))["usage"]
    assert yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]
    assert yaml.safe_load(read("CITATION.cff"))["cff-version"] == "1.2.0"
