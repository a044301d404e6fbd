"""What Snakemake says that the next run would do."""

from pathlib import Path

import pytest

from laion2b.errors import ConfigError
from laion2b.run import dry_run
from laion2b.run.plan import Job, of_rules, table

RULES = """
rule all:
    input: 'laion2B-1.h5', 'done'
rule laion2b_filter:
    output: 'shards/0001.h5', 'shards/0001.tsv'
    shell: 'touch {output}'
rule describe:
    output: 'laion2B-1.json', 'croissant-1.json'
    shell: 'touch {output}'
rule concatenate_embeddings:
    input: 'shards/0001.h5', 'laion2B-1.json'
    output: 'laion2B-1.h5'
    shell: 'touch {output}'
rule mine:
    output: 'done'
    shell: 'touch {output}'
"""


@pytest.fixture
def snakefile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    profile = tmp_path / "profiles" / "default" / "config.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("rerun-triggers: [mtime, params]\n")
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(RULES)
    (tmp_path / "done").touch()
    return snakefile


def test_jobs_of_the_next_run(snakefile):
    jobs = dry_run.planned_jobs(snakefile, [])
    assert {(job.rule, *map(str, job.outputs)) for job in jobs} == {
        ("filter", "shards/0001.h5", "shards/0001.tsv"),
        ("describe", "laion2B-1.json", "croissant-1.json"),
        ("concatenate_embeddings", "laion2B-1.h5"),
    }
    assert dry_run.planned_jobs(snakefile, ["done"]) == []


def test_a_run_that_would_not_start(snakefile):
    with pytest.raises(ConfigError, match="(?s)The next run would not start. Snakemake says:.*nowhere"):
        dry_run.planned_jobs(snakefile, ["nowhere"])


@pytest.mark.parametrize("text", ["", "something else\n"])
def test_another_table_is_not_a_run_without_work(text):
    with pytest.raises(ConfigError, match="Snakemake does not say which jobs the next run has"):
        dry_run._jobs(text)


def test_jobs_as_a_table():
    jobs = [Job("filter", [Path("a")]), Job("part", []), Job("filter", [])]
    assert table(jobs) == "filter      2\npart        1"
    assert of_rules(jobs, "part", "other") == [jobs[1]]
