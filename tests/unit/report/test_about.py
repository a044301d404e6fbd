"""What the sections say of what was counted."""

import numpy as np
import pytest

from laion2b import official
from laion2b.report import about_embeddings, about_parts, about_texts
from laion2b.report.exhibits import NAMES, listed
from laion2b.report.sample import Counted
from laion2b.report.texts import LONGEST, Texts
from laion2b.shard import Definition
from laion2b.statistics import Statistics

OFFICIAL = official.DEFINITION
NOTHING = Statistics().result()


def counted(total, *, seen=None, verified=False, **duplicates):
    content = {"rows": total if seen is None else seen, "duplicates": NOTHING["duplicates"] | duplicates}
    return Counted(total, NOTHING | content, verified)


@pytest.mark.parametrize(
    ("last", "rows", "verdict"),
    [(11, 10_120_191, "✓ as published"), (11, 10_120_190, "✗ \u22121"), (33, 30_369_250, "✓ as published"),
     (33, 30_369_257, "✗ +2"), (12, 5, "\u2013")],
)  # fmt: skip
def test_rows_are_compared_with_what_is_published(last, rows, verdict):
    section = about_parts.rows({last: counted(rows)}, OFFICIAL, 1)
    assert section.table.rows[0][2] == f"{rows:,}"
    assert section.table.rows[0][-1] == verdict
    assert any("not made from the official parts" in sentence for sentence in section.text) == verdict.startswith("✗")


def test_another_configuration_has_no_official_figure():
    section = about_parts.rows({11: counted(10_120_191)}, Definition([], ["caption"], 768, 1), 1)
    assert section.table.rows[0][3] == "no official figure for this configuration"


def test_duplicates_say_what_they_are_told_from():
    found = {2: counted(9, verified=True), 3: counted(99, seen=50, classes=4, vectors=8, rows=20, largest_group=3)}
    section = about_embeddings.duplicates(found)
    assert section.table.rows[0][1:3] == ["all 9", "0"]
    assert section.table.rows[1][1:] == ["50 of 99", "about 8", "about 20", "40.00%", "3"]
    text = " ".join(section.text)
    assert "As verify-2.json says." in text
    assert "evenly spread rows were read" in text
    assert "a larger group may have been missed" in text
    assert "missed" not in " ".join(about_embeddings.duplicates({2: counted(9)}).text)


def test_captions_are_described_by_their_quantiles():
    lengths = np.zeros(LONGEST + 1, int)
    lengths[[0, 50, 100, LONGEST]] = 10, 45, 44, 1
    section = about_texts.captions(2, Texts(["caption"], 100, lengths))
    assert "half have at most 50 characters, 99% at most 100; 10 are empty or missing" in section.text[0]
    assert section.figures[0].caption.endswith("outside of the chart: 1.")


def test_of_many_names_some_are_listed():
    assert listed(["a", "b"]) == "a, b"
    assert listed(["x"] * (NAMES + 2)).endswith("x and 2 more")
