"""What the jobs of a run have done, as their files and logs say."""

import os
from pathlib import Path

from laion2b.logs import RuleName
from laion2b.run import outcome
from laion2b.run.plan import Job
from laion2b.run.steps import Copy, Jobs, Step, of_subsets
from tests.support.jobs import job, planned


def write(name: str, text: str = "") -> None:
    """Write a file, at a time that no file had before."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    time = path.stat().st_mtime_ns + 1 if path.exists() else None
    path.write_text(text)
    if time:
        os.utime(path, ns=(time, time))


def looked(jobs: Jobs) -> Jobs:
    jobs.look()
    return jobs


def test_what_is_made_again_counts_when_it_has_changed(here):
    write("shards/0001.json")
    write("logs/filter/0001.log")
    *made, finished = (job(RuleName.FILTER, f"{number:04d}", f"shards/{number:04d}.json") for number in (1, 2, 3))
    jobs = Jobs(made, [finished], outcome.snapshot(Path()), is_virtual=False)
    assert looked(jobs).step(RuleName.FILTER) == Step(3, 1, is_begun=False)
    write("logs/filter/0001.log")
    assert looked(jobs).step(RuleName.FILTER) == Step(3, 1, is_begun=True)
    write("shards/0001.json")
    assert looked(jobs).step(RuleName.FILTER) == Step(3, 2, is_begun=True)
    Path("shards/0001.json").unlink()  # what was done is done
    assert looked(jobs).whole() == Step(2, 1, is_begun=True)


def test_a_step_that_has_nothing_to_do_is_none(here):
    without_log = Job(RuleName.PART, (Path("parts/img_emb_0001.npy"),))
    jobs = Jobs([without_log], [job(RuleName.FILTER, "0001", "shards/0001.json")], {}, is_virtual=False)
    assert looked(jobs).step(RuleName.FILTER) is None
    assert jobs.step(RuleName.SEARCH) is None
    assert jobs.copy({}) is None
    assert jobs.whole() == Step(0, 0, is_begun=True)


def test_a_search_counts_as_a_fraction(here):
    jobs = planned(*(job(RuleName.SEARCH, name, f"neighbors/{name}.json") for name in ("0001", "0002")))
    write("neighbors/0001.json")
    write("logs/search/0002.log", "INFO 30 of 40 rows so far.\n")
    assert looked(jobs).step(RuleName.SEARCH) == Step(2, 1.75, is_begun=True)


def test_bytes_that_are_concatenated(here):
    filters = [job(RuleName.FILTER, f"{number:04d}", f"shards/{number:04d}.json") for number in (1, 2)]
    products = [
        job("concatenate_embeddings", "2", "laion2B-2.h5"),
        job("concatenate_metadata", "1", "metadata-1.tsv"),
    ]
    jobs, virtual = (planned(*filters, *products, is_virtual=each) for each in (False, True))
    assert looked(jobs).copy({}) == Copy(None, 0, is_begun=False)
    assert jobs.copy({".h5": 50, ".tsv": 7}) == Copy(2 * 50 + 7, 0, is_begun=False)
    write("shards/0001.h5", "h" * 40)
    write("shards/0001.tsv", "t" * 4)
    assert looked(jobs).copy({".h5": 50}) == Copy(2 * 40 + 4, 0, is_begun=False)
    write("logs/concatenate_embeddings/2.log", "INFO on a node\n")
    assert looked(jobs).copy({}) == Copy(84, 0, is_begun=True)
    write("logs/concatenate_embeddings/2.log", "INFO on a node\nINFO 30 of 81 bytes so far.\n")
    write("metadata-1.tsv", "abc")
    assert looked(jobs).copy({}) == Copy(81 + 3, 30 + 3, is_begun=True)
    assert looked(virtual).copy({}) == Copy(3, 3, is_begun=True)


def test_the_jobs_that_anyone_can_know_without_the_run(here):
    jobs = of_subsets([1, 2], [2])
    assert [(each.rule, each.logs[0].stem, str(each.outputs[-1])) for each in jobs] == [
        (RuleName.FILTER, "0001", "shards/0001.json"),
        (RuleName.FILTER, "0002", "shards/0002.json"),
        (RuleName.CONCATENATE_EMBEDDINGS, "2", "laion2B-2.h5"),
        (RuleName.CONCATENATE_METADATA, "2", "metadata-2.tsv"),
    ]
    write("neighbors/0001.h5.tmp")
    assert [each.logs[0].stem for each in of_subsets([1, 2], [2]) if each.rule == RuleName.SEARCH] == ["0001", "0002"]
    write("shards/0001.json")
    jobs = Jobs.of_folder([1, 2], [2], is_virtual=False)
    assert (jobs.step(RuleName.FILTER), jobs.whole()) == (Step(2, 1, is_begun=False), Step(5, 0, is_begun=True))
