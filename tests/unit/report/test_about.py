"""What the sections say of what was counted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from laion2b.report import about_embeddings, about_jobs, about_parts, about_samples, about_texts
from laion2b.report.examples import Draw, Drawn
from laion2b.report.exhibits import NAMES, listed
from laion2b.report.gather import Rule
from laion2b.report.sample import Counted
from laion2b.report.texts import LONGEST, Texts
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard
from laion2b.subsets import official
from laion2b.subsets.norms import Statistics

OFFICIAL = official.DEFINITION
NOTHING = Statistics().result()


def counted(total, *, last=11, seen=None, verified=False, **duplicates):
    content = {"rows": total if seen is None else seen, "duplicates": NOTHING["duplicates"] | duplicates}
    return Counted(total, NOTHING | content, verified, f"laion2B-{last}.h5")


@pytest.mark.parametrize(
    ("last", "rows", "verdict"),
    [(11, 10_120_191, "✓ as published"), (11, 10_120_190, "✗ \u22121"), (33, 30_369_250, "✓ as published"),
     (33, 30_369_257, "✗ +2"), (12, 5, "\u2013")],
)  # fmt: skip
def test_rows_are_compared_with_what_is_published(last, rows, verdict):
    section = about_parts.rows({last: counted(rows, last=last)}, OFFICIAL, 1, is_made_up=False)
    assert section.table.rows[0][2] == f"{rows:,}"
    assert section.table.rows[0][-1] == verdict
    assert any("not made from all the official parts" in sentence for sentence in section.text) == verdict.startswith(
        "✗"
    )


def test_another_configuration_has_no_official_figure():
    section = about_parts.rows({11: counted(10_120_191)}, Definition([], ["caption"], 768, 1), 1, is_made_up=False)
    assert section.table.rows[0][3] == "no official figure for this configuration"
    for families in ({"laion2b-en"}, set()):
        assert (
            "10M"
            in about_parts.rows({11: counted(10_120_191)}, OFFICIAL, 1, families, is_made_up=False).table.rows[0][3]
        )
    assert (
        "10M"
        not in about_parts.rows({11: counted(10_120_191)}, OFFICIAL, 1, {"demo"}, is_made_up=False).table.rows[0][3]
    )
    assert "10M" not in about_parts.rows({12: counted(10_120_191)}, OFFICIAL, 1, is_made_up=False).table.rows[0][3]
    section = about_parts.rows({11: counted(4)}, OFFICIAL, 1, is_made_up=True)
    assert section.table.rows[0][3:] == ["none: the data are made up", "\u2013"]


def test_duplicates_say_what_was_read():
    found = {2: counted(9, verified=True), 3: counted(99, seen=50, classes=4, vectors=8, rows=20, largest_group=3)}
    section = about_embeddings.duplicates(found)
    assert section.table.rows[0][1:3] == ["all 9", "0"]
    assert section.table.rows[1][1:] == ["50 of 99", "about 8", "about 20", "40.00%", "3"]
    text = " ".join(section.text)
    assert "As verify-2.json says." in text
    assert "evenly spread rows were read" in text
    assert "A larger group may have been missed" in text
    assert "missed" not in " ".join(about_embeddings.duplicates({2: counted(9)}).text)


def test_captions_are_described_by_their_quantiles():
    lengths = np.zeros(LONGEST + 1, int)
    lengths[[0, 50, 100, LONGEST]] = 10, 45, 44, 1
    section = about_texts.captions(2, Texts(["caption"], 100, lengths))
    assert "half have at most 50 characters, 99% at most 100" in section.text[0]
    assert section.text[1] == "10 captions are empty or missing (10.00%)."
    assert section.text[2].endswith("outside of the chart: 1.")


def test_of_many_names_some_are_listed():
    assert listed(["a", "b"]) == "a, b"
    assert listed(["x"] * (NAMES + 2)).endswith("x and 2 more")


@pytest.mark.parametrize(
    ("rows_in", "kept", "far"),
    [
        (1_000_000, [980_000, 981_000, 979_000, 980_500, 979_500, 950_000], [5]),
        (1_000_000, [980_000, 980_000, 980_000, 980_000, 980_600], []),  # chance alone does as much
        (1_000_000, [980_000, 980_000, 980_000, 980_000, 979_000], [4]),
        (400, [392, 392, 392, 392, 386], []),
        (1_000_000, [980_000, 980_000, 980_000, 100_000], []),  # too few to say
    ],
)
def test_outliers(rows_in, kept, far):
    parts = pd.DataFrame({"share": [rows / rows_in for rows in kept], "of": rows_in})
    median, outliers = about_parts.outlying(parts)
    assert median == pytest.approx(0.98, abs=0.001)
    assert np.flatnonzero(outliers).tolist() == far


def shard(part, rows, tags):
    return Shard(f"{part:04d}", 1000, rows, {}, "", "", 0, tags=tags)


def test_kept_rows_and_tags_per_part():
    shards = [shard(part, 980, {"UNLIKELY": 980, "NSFW": 20}) for part in range(1, 9)]
    shards[4] = shard(5, 500, {"UNLIKELY": 499, "NSFW": 500, "": 1})
    kept = about_parts.kept([*shards, replace(shards[0], part="0009", rows_in=0)], 2)
    assert kept.text[:2] == ["Of 8,000 rows in 8 parts, 7,360 were kept: 92.00%.", "Outliers: part 5 (50.00%)."]
    assert "2 records of shards have another configuration, and are left out." in kept.text
    tags = about_parts.tags(shards)
    assert tags.table.rows == [["UNLIKELY", "7,359", "91.987%"], ["NSFW", "640", "8.000%"], ["(empty)", "1", "0.013%"]]
    assert [figure.heading for figure in tags.figures] == ["UNLIKELY: 91.987%", "NSFW: 8.000%", "(empty): 0.013%"]
    many = about_parts.tags([shard(1, 1, {f"tag {number}": number for number in range(1, 8)})])
    assert many.figures[-1].heading == "all other tags: 21.429%"
    assert about_parts.tags([shard(1, 1, {})]).table is None


def draw(*near):
    return Draw(False, 50, [Drawn(3, list(near))])


def test_samples_show_captions_of_near_rows():
    text = Texts(["caption"], 9, captions={3: "a\tcat\x00", 4: "", 7: "x" * 300})
    (example,) = about_samples.samples(2, draw((7, 0.25), (4, 0.5)), text, 9, is_made_up=False).examples
    assert (example.name, example.caption) == ("row 3", "a\u2409cat\u2400")
    assert example.near == [("0.250", "x" * about_samples.MOST_SHOWN + "…"), ("0.500", "(empty)")]
    assert "made up" in about_samples.samples(2, draw((7, 0.25)), text, 9, is_made_up=True).text[-1]
    (example,) = about_samples.samples(2, Draw(True, 0, [Drawn(3, [(4, 0.1)])]), text, 9, is_made_up=False).examples
    assert (example.name, example.caption) == ("query 3", None)


def test_without_two_products_of_the_same_rows_there_are_no_samples():
    text = Texts(["caption"], 8, captions={})
    assert about_samples.samples(2, draw(), text, 9, is_made_up=False).text == [
        "No: metadata-2.tsv has 8 rows, and laion2B-2.h5 has 9."
    ]
    assert (
        "leaves the column caption out" in about_samples.samples(2, draw(), Texts(["url"]), 9, is_made_up=False).text[0]
    )
    assert "no subset with both" in about_samples.samples(None, draw(), None, 0, is_made_up=False).text[0]


def test_the_rules_that_took_longest_have_a_bar():
    block = about_jobs.rules([Rule("search", [60.0, 7200.0], 512.0), Rule("filter", [1.5], None)])
    assert block.table.rows == [
        ["search", "2", "1 h 0 min", "2 h 0 min", "2 h 1 min", "512 MB"],
        ["filter", "1", "1.5 s", "1.5 s", "1.5 s", "\u2013"],
    ]
    assert len(block.figures) == 1
