"""What must stay equal in two places does."""

import json
import re

import pytest
import yaml

from benchmarks import report
from laion2b import __version__
from tests.harness import REPOSITORY


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


LOCKS = ("requirements.lock", "benchmarks/peers/requirements.lock")


def pinned(lock: str) -> list[tuple[str, str]]:
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", read(lock), re.MULTILINE)


PINS = dict(pinned("requirements.lock"))
CONDA_NAMES = {"python-xxhash": "xxhash"}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_have_the_tested_versions(path):
    packages = [line.split("=") for line in yaml.safe_load(path.read_text())["dependencies"]]
    versions = {CONDA_NAMES.get(name, name): version for name, version in packages if name != "python"}
    assert versions == {name: PINS[name] for name in versions}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_unique_and_hashed(lock):
    assert len(pinned(lock)) == len(dict(pinned(lock)))
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=\S)", read(lock), flags=re.MULTILINE)[1:])
    assert "://" not in read(lock)


def test_the_page_of_results_is_what_was_measured():
    assert read("benchmarks/RESULTS.md") == report.page(json.loads(read("benchmarks/results.json")))


# What the README's tables of disk are computed from: part 5, 20 GB of metadata in 112 parts, the official counts of rows.
PART, METADATA, ROW = 1_441_851_008, 20e9 / 112, 768 * 2
SUBSETS = {"10M": (11, 10_120_191), "30M": (33, 30_369_248), "100M": (111, 102_144_212)}


def sizes(subsets: list[str]) -> tuple[float, float, float, float]:
    """Return the bytes of parts, of shards, and of both kinds of products, of subsets built in one folder."""
    last, rows = SUBSETS[subsets[-1]]
    embeddings = sum(SUBSETS[name][1] * ROW for name in subsets)
    metadata = sum(SUBSETS[name][0] * METADATA for name in subsets)
    return last * (PART + METADATA), rows * ROW + last * METADATA, embeddings, metadata


def gigabytes(*amounts: float) -> str:
    return f"{sum(amounts) / 1e9:.0f}"


def test_the_tables_of_disk_say_what_follows_from_their_sources():
    columns = [["10M"], ["30M"], ["100M"], list(SUBSETS)]
    text = read("README.md")
    products = [line.split("|")[2:4] for line in text.splitlines() if re.match(r"\| (\d+M \(|all three)", line)]
    expected = []
    for parts, _, embeddings, metadata in map(sizes, columns):
        expected.append([f" {gigabytes(parts)} GB ", f" {gigabytes(embeddings)} + {gigabytes(metadata)} GB "])
    assert products == expected
    choices = {
        "defaults": lambda parts, shards, embeddings, metadata: [(parts, shards, embeddings, metadata)],
        "`keep_shards: false`": lambda p, s, e, m: [(p, s, e, m), (p, e, m)],
        "`keep_parts: false`": lambda _, s, e, m: [(s, e, m)],
        "`keep_parts: false`, `keep_shards: false`": lambda _, s, e, m: [(s, e, m), (e, m)],
        "`layout: virtual`": lambda p, s, _, m: [(p, s, m)],
        "`layout: virtual`, `keep_parts: false`": lambda _p, s, _e, m: [(s, m)],
    }
    for choice, amounts in choices.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {choice} |")]
        found = [re.findall(r"\d+", cell) for cell in line.split("|")[2:-1]]
        assert found == [[gigabytes(*each) for each in amounts(*sizes(column))] for column in columns], choice


def test_the_figures_of_scale_follow_from_the_same_sources():
    parts, kept = 2314, SUBSETS["100M"][1] / 111 * 2314
    download, metadata, embeddings = parts * (PART + METADATA), parts * METADATA, kept * ROW
    figures = [download, embeddings + metadata, embeddings, metadata]
    text = read("docs/scale.md")
    for figure in figures:
        assert f"{figure / 1e12:.2f} TB" in text
    peak = 2 * (embeddings + metadata)
    assert f"{(download + peak) / 1e12:.1f} TB; {peak / 1e12:.1f} TB and some parts" in text


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
