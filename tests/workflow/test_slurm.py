"""The workflow on a real Slurm, which is started here: what a cluster does to it, and that a rerun mends it."""

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from laion2b.files import locked
from mirror import synthetic
from mirror.server import MirrorServer
from tests.support import slurm
from tests.support.harness import REPOSITORY, Work, products, wait_until

PARTS = 6
PROFILE = (
    "--workflow-profile",
    str(REPOSITORY / "profiles" / "slurm"),
    "--slurm-init-seconds-before-status-checks",
    "2",
)
PRODUCTS = products(PARTS)
CONCATENATIONS = {f"rule_concatenate_{kind}_wildcards_{PARTS}" for kind in ("embeddings", "metadata")}

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(slurm.missing()),
        reason=f"Slurm is not installed: {', '.join(slurm.missing())}. On Debian: apt-get install slurmctld slurmd slurm-client munge",
    ),
]


@dataclass
class Site:
    """A cluster, and a working directory on it."""

    cluster: slurm.Cluster
    work: Work

    def run(self, *arguments: str, targets: Sequence[str] = PRODUCTS, ok: bool = True) -> str:
        """Run the workflow with profiles/slurm."""
        return self.work.run(*PROFILE, *arguments, "--", *targets, ok=ok, environment=self.cluster.environment)

    @contextmanager
    def started(self, *arguments: str, targets: Sequence[str] = PRODUCTS) -> Iterator:
        """Start the workflow with profiles/slurm, and wait for its end after the block."""
        process = self.work.start(*PROFILE, *arguments, "--", *targets, environment=self.cluster.environment)
        try:
            yield process
            process.wait(timeout=900)
        finally:
            process.kill()
            process.wait()

    def submitted_since(self, before: list[str]) -> set[str]:
        """Return what was submitted since `before`, each of it once."""
        since = sorted(self.cluster.submitted())
        for each in before:
            since.remove(each)
        assert len(since) == len(set(since))
        return set(since)

    def held(self, file: str):
        """Keep the job that writes `file` waiting, as it does when another run has it."""
        path = self.work.folder / file
        path.parent.mkdir(exist_ok=True)
        return locked(path)

    def wait_for(self, log: str) -> None:
        """Wait until a job says in its log that it waits."""
        path = self.work.folder / "logs" / log
        wait_until(lambda: path.exists() and "This one waits for it" in path.read_text())


@pytest.fixture(scope="module")
def folder_of_mirror(tmp_path_factory):
    return synthetic.write_parts(
        tmp_path_factory.mktemp("mirror"), range(PARTS + 1), 40
    )  # queries are drawn from part 0


@pytest.fixture
def six_parts(folder_of_mirror):
    with MirrorServer(folder_of_mirror) as mirror:
        yield mirror


@pytest.fixture
def site(work, six_parts):
    work.configure(six_parts.url)
    with slurm.cluster() as cluster:
        yield Site(cluster, work)


def groups(*first_parts: int) -> set[str]:
    return {f"rule_filter_{part:04d}_filter" for part in first_parts}


def single(part: int) -> set[str]:
    return {f"rule_filter_wildcards_{part:04d}"}


def test_the_whole_job(site, six_parts, folder_of_mirror):
    site.work.configure(six_parts.url, progress=0.1)
    assert "Parts: 6 of 6 filtered; " in site.run()
    site.work.check_products(folder_of_mirror, PARTS)
    assert site.submitted_since([]) == groups(1) | CONCATENATIONS  # the downloads ran here
    asked = site.cluster.run("squeue", "--states=all", "--noheader", "--format=%k %C %m %l").splitlines()
    assert "rule_filter_0001_filter 1 1000M 1:00:00" in [" ".join(line.split()) for line in asked]  # 6 x 10 minutes
    assert "Nothing to be done" in site.run()


def test_a_cancelled_job(site, six_parts, folder_of_mirror):
    options = ("--config", "parts_together=1")
    with site.held("shards/0003.h5.tmp"), site.started(*options, "--retries", "0") as run:
        site.wait_for("filter/0003.log")
        told = site.work.told("--last", str(PARTS))  # later parts may still wait for their own filter
        assert re.search(r"^ *3(\.\.\d)? .* downloaded$", told, re.MULTILINE)  # not failed
        (job,) = [job for job, comment in site.cluster.jobs().items() if comment in single(3)]
        site.cluster.run("scancel", job)
    assert run.returncode == 1
    assert len(list((site.work.folder / "shards").glob("*.json"))) == PARTS - 1
    before, served = site.cluster.submitted(), len(six_parts.requests)
    site.run(*options)
    assert site.submitted_since(before) == single(3) | CONCATENATIONS
    assert len(six_parts.requests) == served
    site.work.check_products(folder_of_mirror, PARTS)


def test_a_cancelled_search(site, six_parts):
    site.work.configure(six_parts.url, queries={"part": 0, "rows": 7, "seed": 2023}, neighbors=10)
    gold = [f"gold-{PARTS}.h5"]
    site.run(targets=["queries.h5", *(f"shards/{part:04d}.h5" for part in range(1, PARTS + 1))])
    before = site.cluster.submitted()
    with site.held("neighbors/0003.h5.tmp"), site.started("--retries", "0", targets=gold) as run:
        site.wait_for("search/0003.log")
        searches = {f"rule_search_wildcards_{part:04d}" for part in range(1, PARTS + 1)}  # each is a job of its own
        wait_until(lambda: searches <= site.submitted_since(before), pause=slurm.PAUSE)
        (job,) = [job for job, comment in site.cluster.jobs().items() if comment == "rule_search_wildcards_0003"]
        site.cluster.run("scancel", job)
    assert run.returncode == 1
    before = site.cluster.submitted()
    site.run(targets=gold)
    once_more = {f"rule_{rule}_wildcards_{PARTS}" for rule in ("search_again", "merge")}
    assert site.submitted_since(before) == {"rule_search_wildcards_0003"} | once_more
    assert (site.work.folder / gold[0]).exists()


def test_a_node_that_goes_away(site, six_parts, folder_of_mirror):
    options = ("--config", "parts_together=2")
    with site.held("shards/0004.h5.tmp"), site.started(*options, "--retries", "0") as run:
        site.wait_for("filter/0004.log")
        shards = site.work.folder / "shards"
        wait_until(lambda: all((shards / f"{part:04d}.json").exists() for part in (1, 2, 5, 6)))
        wait_until(lambda: set(site.cluster.jobs().values()) == groups(3), pause=slurm.PAUSE)
        (job,) = [job for job, comment in site.cluster.jobs().items() if comment in groups(3)]
        site.cluster.kill_node(site.cluster.node_of(job))
    assert run.returncode == 1
    before, served = site.cluster.submitted(), len(six_parts.requests)
    site.run(*options)  # with one node less
    assert site.submitted_since(before) == groups(3) | CONCATENATIONS
    assert len(six_parts.requests) == served
    site.work.check_products(folder_of_mirror, PARTS)


def test_a_job_over_its_memory(site, folder_of_mirror):
    output = site.run("--set-resources", "filter:mem_mb=60", "--retries", "0", ok=False)
    assert "Stopped before writing anything" in output  # and the log of Slurm has the reason
    (log,) = site.work.folder.glob(".snakemake/slurm_logs/group_filter_0001_filter/*.log")
    assert "memory limit" in log.read_text()
    before = site.cluster.submitted()
    site.run("--set-resources", "filter:mem_mb=60 * 20 ** (attempt - 1)")  # too little, at first
    assert sorted(site.cluster.submitted()) == sorted([*before, *2 * list(groups(1)), *CONCATENATIONS])
    site.work.check_products(folder_of_mirror, PARTS)


def test_an_interrupted_run_cancels_its_jobs(site, folder_of_mirror):
    with site.held("shards/0001.h5.tmp"), site.started() as run:
        site.wait_for("filter/0001.log")
        run.send_signal(signal.SIGINT)
        run.wait(timeout=900)
        wait_until(lambda: not site.cluster.jobs(), pause=slurm.PAUSE)
    site.run()
    site.work.check_products(folder_of_mirror, PARTS)


def test_a_bad_part_costs_no_download_and_only_its_group(site, six_parts, folder_of_mirror, tmp_path):
    bad = tmp_path / "bad"
    metadata = "laion2B-en-metadata/metadata_{:04d}.parquet"
    (bad / metadata).parent.mkdir(parents=True)
    (bad / "img_emb").symlink_to(folder_of_mirror / "img_emb")
    for part in range(1, PARTS + 1):
        (bad / metadata.format(part)).symlink_to(folder_of_mirror / metadata.format(3 if part == 2 else part))
    with MirrorServer(bad) as mirror:
        site.work.configure(mirror.url, keep_parts=False)
        output = site.run("--config", "parts_together=3", "--retries", "0", ok=False)
    assert "found 42 embeddings and 43 rows of metadata" in output
    there = {path.name for path in (site.work.folder / "parts").iterdir() if path.suffix != ".json"}
    assert there == {
        name.format(part) for name in ("img_emb_{:04d}.npy", "metadata_{:04d}.parquet") for part in (1, 2, 3)
    }
    (site.work.folder / "parts" / "metadata_0002.parquet").unlink()
    site.work.configure(six_parts.url, keep_parts=False)
    before = site.cluster.submitted()
    site.run("--config", "parts_together=3")
    assert site.submitted_since(before) == groups(1) | CONCATENATIONS
    assert {request.path.rpartition("/")[2] for request in six_parts.requests if request.method == "GET"} == {
        "metadata_0002.parquet"
    }
    site.work.check_products(folder_of_mirror, PARTS)


def test_submitted_downloads_keep_their_limit(site, folder_of_mirror):
    options = ("--config", "submit_downloads=true", "--set-resources", "download:slurm_partition=transfer")
    first = "parts/img_emb_0001.npy"
    with site.held(f"{first}.part"), site.started(*options, "--resources", "downloads=1") as run:
        site.wait_for("download/img_emb_0001.npy.log")
        assert list(site.cluster.jobs().values()) == ["rule_download_wildcards_img_emb_0001_npy"]
        assert site.cluster.run("squeue", "--noheader", "--format=%P").split() == ["transfer"]
        run.send_signal(signal.SIGINT)
    site.run(*options)
    downloads = [each for each in site.cluster.submitted() if "download" in each]
    assert len(downloads) == len(set(downloads)) + 1 == 2 * PARTS + 1
    site.work.check_products(folder_of_mirror, PARTS)
