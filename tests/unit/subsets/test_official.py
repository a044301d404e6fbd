"""What the organisers publish is only compared with what was made as they made theirs."""

from dataclasses import replace

import pytest
import yaml

from laion2b.subsets import definition as subsets
from laion2b.subsets import official
from tests.support.harness import REPOSITORY

SETTINGS = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
DEFINITION = replace(official.DEFINITION, **{key: SETTINGS[key] for key in ("keep", "columns", "dimensions")})


def test_the_default_configuration_is_the_official_one():
    assert subsets.Definition.of(SETTINGS, 11).is_official()
    known = [official.subset(DEFINITION, SETTINGS["first_part"], last) for last in SETTINGS["subsets"]]
    assert [subset.name for subset in known] == ["10M", "30M", "100M"]


@pytest.mark.parametrize(
    ("last", "rows", "agrees"),
    [(11, 10_120_191, True), (11, 10_120_190, False), (33, 30_369_241, True), (33, 30_369_255, True),
     (33, 30_369_240, False), (33, 30_369_256, False), (111, 102_144_212, True)],
)  # fmt: skip
def test_rows(last, rows, agrees):
    assert official.subset(DEFINITION, 1, last).agrees(rows) == agrees


@pytest.mark.parametrize(
    ("change", "first_part", "last"),
    [
        ({}, 0, 11),
        ({}, 1, 12),
        ({"columns": ["url"]}, 1, 11),
        ({"keep": []}, 1, 11),
        ({"keep": [["NSFW", "==", "UNLIKELY"]]}, 1, 11),
        ({"dimensions": 512}, 1, 11),
    ],
)
def test_no_figure_for_anything_else(change, first_part, last):
    assert official.subset(replace(DEFINITION, **change), first_part, last) is None


@pytest.mark.parametrize(
    ("name", "families"), [("own", ()), ("laion2B", {"demo"}), ("laion2B", {"laion2b-en", "demo"})]
)
def test_no_figure_for_others_by_the_same_definition(name, families):
    assert official.subset(DEFINITION, 1, 11, "laion2B", {"laion2b-en"})
    assert official.subset(DEFINITION, 1, 11, name, families) is None
