"""Used by others: as a module, with a prefix, and from a repository that is not on this machine."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support.harness import REPOSITORY, Work, copy_repository, products

LOCAL = repr(str(REPOSITORY / "Snakefile"))
USED = "use rule * from laion2b as laion2b_*\nrule mine:\n    default_target: True\n    input: {targets}\n"


def write_snakefile(work: Work, snakefile: str, extra: str = "", targets: tuple[str, ...] = products(1)) -> None:
    """Write a Snakefile that uses the workflow as a module; the configuration gets another name."""
    (work.folder / "config.yaml").rename(work.folder / "own.yaml")
    (work.folder / "Snakefile").write_text(
        f"configfile: 'own.yaml'\nmodule laion2b:\n    snakefile: {snakefile}\n    config: config\n{extra}"
        + USED.format(targets=", ".join(map(repr, targets)))
    )


def test_a_module(work, mirror, mirror_folder):
    work.configure(mirror.url, samples="samples.tsv", genome={"build": 38})  # keys of the workflow around it
    write_snakefile(work, LOCAL)
    work.run(repository=work.folder)
    work.check_products(mirror_folder, 1)
    work.run("laion2B-1.json", repository=work.folder)
    work.run("verify-1.json", "laion2b-report.html", repository=work.folder)


def test_a_module_deletes_no_own_part_and_refuses_what_a_run_refuses(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False)
    (work.folder / "parts").mkdir()
    own = work.folder / "parts" / "img_emb_0001.npy"
    shutil.copy(mirror_folder / "img_emb" / own.name, own)
    write_snakefile(work, LOCAL, targets=products(2))
    work.run(repository=work.folder)
    assert own.exists()
    assert not (work.folder / "parts" / "img_emb_0002.npy").exists()
    shutil.copy(mirror_folder / "laion2B-en-metadata" / "metadata_0001.parquet", own.parent)
    shutil.copy(mirror_folder / "laion2B-en-metadata" / "metadata_0002.parquet", own.parent)
    (work.folder / "own.yaml").write_text((work.folder / "own.yaml").read_text() + "\nkeep: [[similarty, '>', 0.3]]\n")
    for arguments in (("-n",), ()):
        output = work.run(*arguments, repository=work.folder, ok=False)
        assert "found no column similarty, but similarity" in output
        assert "Exception" not in output


@pytest.mark.slow
def test_a_prefix(work, mirror, mirror_folder):
    work.configure(mirror.url, keep_parts=False)
    targets = [f"there/{target}" for target in (*products(2), "laion2B-2.json")]
    write_snakefile(work, LOCAL, "    prefix: 'there'\n", tuple(targets))
    work.run(repository=work.folder)
    inside = Work(work.folder / "there")
    inside.check_products(mirror_folder, 2)
    assert [len(part["files"]) for part in json.loads((inside.folder / "laion2B-2.json").read_text())["parts"]] == [
        2,
        2,
    ]
    assert not [file for file in (inside.folder / "parts").iterdir() if file.suffix != ".json"]
    work.run("there/verify-2.json", "there/laion2b-report.html", repository=work.folder)
    assert "Nothing to be done" in work.run(repository=work.folder)
    assert {file.name for file in work.folder.iterdir()} == {".snakemake", "Snakefile", "own.yaml", "there"}


@pytest.fixture(scope="module")
def clones(tmp_path_factory):
    """Return a folder with a clone of this repository as it is, and a bare one, both with the tag v0.1.0."""
    folder = tmp_path_factory.mktemp("clones")
    clone = copy_repository(folder / "clone")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"], ["tag", "v0.1.0"]):
        subprocess.run([*git, *command], cwd=clone, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", clone, folder / "laion2b-subsets"], check=True)
    (folder / "gitconfig").write_text(f'[url "{folder}/"]\n    insteadOf = https://github.com/owner/\n')
    return folder


@pytest.fixture
def environment(clones, tmp_path):
    """Return the environment in which GitHub's owner/laion2b-subsets is the bare clone, and nothing is cached."""
    return {"GIT_CONFIG_GLOBAL": str(clones / "gitconfig"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


SOURCES = {
    "github": lambda clones: 'github("owner/laion2b-subsets", path="workflow/Snakefile", tag="v0.1.0")',
    "gitfile": lambda clones: f'gitfile("{clones}/clone", path="workflow/Snakefile", tag="v0.1.0")',
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_repository_elsewhere(source, work, mirror, mirror_folder, clones, environment):
    work.configure(mirror.url)
    write_snakefile(work, SOURCES[source](clones))
    work.run(repository=work.folder, environment=environment)
    work.check_products(mirror_folder, 1)
    assert "Nothing to be done" in work.run(repository=work.folder, environment=environment)


def test_a_snakefile_named_by_its_repository(work, environment):
    work.configure("/nowhere")
    command = work.command("-n", "laion2B-2.h5")
    command[command.index("-s") + 1] = "gh:owner/laion2b-subsets@v0.1.0"
    done = subprocess.run(
        command, cwd=work.folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert work.jobs(done.stdout) == {"download": 4, "part": 4, "filter": 2, "concatenate_embeddings": 1}


@pytest.mark.slow
def test_a_deployment_by_snakedeploy(work, mirror, mirror_folder, environment, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    command = [tmp_path / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "snakedeploy==0.17.1"]
    subprocess.run(command, check=True)
    deploy = [tmp_path / "venv" / "bin" / "snakedeploy", "deploy-workflow", "https://github.com/owner/laion2b-subsets"]
    surroundings = {**os.environ, **environment}
    subprocess.run([*deploy, work.folder, "--tag", "v0.1.0"], env=surroundings, check=True)
    shutil.copytree(work.folder, tmp_path / "deployed")
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    done = subprocess.run(
        [*command, "-n"], cwd=work.folder, env=surroundings, stdout=subprocess.PIPE, text=True, check=True
    )
    assert work.jobs(done.stdout)["filter"] == 111
    work.configure(mirror.url)
    (work.folder / "config.yaml").rename(work.folder / "config" / "config.yaml")
    subprocess.run([*command, *products(2)], cwd=work.folder, env=surroundings, check=True)
    work.check_products(mirror_folder, 2)
