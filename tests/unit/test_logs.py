"""Names of rules, and of what their jobs leave."""

import re

import pytest

from laion2b import logs
from laion2b.logs import RuleName
from tests.support.harness import REPOSITORY


def test_rules_are_those_of_the_workflow():
    files = [REPOSITORY / "workflow" / "Snakefile", *(REPOSITORY / "workflow" / "rules").glob("*.smk")]
    found = {name for file in files for name in re.findall(r"^rule (\w+):", file.read_text(), re.MULTILINE)}
    assert found - {"all", "did_you_mean"} == set(RuleName)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("filter", RuleName.FILTER),
        ("laion2b_filter", RuleName.FILTER),
        ("laion2b_download_queries", RuleName.DOWNLOAD_QUERIES),
        ("download_queries", RuleName.DOWNLOAD_QUERIES),
        ("refilter", None),
        ("align", None),
    ],
)
def test_a_rule_is_known_by_its_own_name_whatever_its_prefix(name, rule):
    assert logs.own_rule(name) == rule


def test_names_are_what_they_were_in_every_version():
    assert logs.log(RuleName.FILTER, "0007") == "logs/filter/0007.log"
    assert logs.mark(RuleName.DOWNLOAD, "{stem}_{part}.{ending}") == "logs/download/{stem}_{part}.{ending}.done"
