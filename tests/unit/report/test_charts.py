"""Charts: Vega draws them, their axes fit, and names are shown as they are."""

import re

import pandas as pd
import pytest
import vl_convert

from laion2b.report import charts


def parts(shares, kind="usual"):
    rows = [{"part": part, "share": share, "rows": 9, "of": 10, "kind": kind} for part, share in enumerate(shares)]
    return pd.DataFrame(rows)


def domains(spec):
    """Return the ends of the axes of the first layer that has both."""
    encoding = next(each["encoding"] for each in spec["layer"] if {"x", "y"} <= set(each["encoding"]))
    return [encoding[axis].get("scale", {}).get("domain") for axis in "xy"]


@pytest.mark.parametrize(
    ("shares", "low", "high"),
    [
        ([0.9, 0.95, 1.0], 0.894, 1),
        ([0, 0.5], 0, 0.53),
        ([0.98], 0.9212, 1),
        ([0.0, 0.0], 0, 0.06),
        ([1.0, 1.0], 0.94, 1),
    ],
)
def test_shares_lie_within_0_and_100_percent(shares, low, high):
    x, y = domains(charts.shares(parts(shares), "share", "about"))
    assert x == [-0.5, len(shares) - 0.5]
    assert y == pytest.approx([low, high])


@pytest.mark.parametrize(
    ("low", "high", "form"), [(0, 1, ".0~%"), (0.97, 0.99, ".1~%"), (0.03, 0.0302, ".3~%"), (0.5, 0.5, ".3~p")]
)
def test_numbers_on_axes_have_enough_digits(low, high, form):
    spec = charts.shares(parts([low, high]), "share", "about")
    assert spec["layer"][0]["encoding"]["y"]["axis"]["format"] == form


def test_outliers_are_marked_and_the_first_ones_labelled():
    found = charts.shares(parts([0.5] * 20, "outlier"), "share", "about", middle=0.5)
    marks = [each["mark"]["type"] for each in found["layer"]]
    assert marks == ["rule", "circle", "text"]
    (labelled,) = [each["data"]["name"] for each in found["layer"] if each["mark"]["type"] == "text"]
    assert len(found["datasets"][labelled]) == charts.LABELS


RANKS = pd.DataFrame(
    {"gold": "gold-1.h5", "rank": [1, 10], "low": [0.1, 0.2], "median": [0.2, 0.3], "high": [0.3, 0.4]}
)
BINS = pd.DataFrame({"low": [0, 1], "high": [1, 2], "rows": [10, 0]})


@pytest.mark.parametrize(
    "spec",
    [
        charts.shares(parts([0.5]), "share", "about"),
        charts.shares(parts([0.5, 0.6], "outlier"), "share", "about", middle=0.55),
        charts.histogram(BINS, "characters", "about", [1]),
        charts.histogram(BINS.assign(rows=0), "characters", "about", [-5, 5]),
        charts.distances(RANKS, "about"),
        charts.distances(pd.concat([RANKS, RANKS.assign(gold="gold-2.h5")]), "about"),
        charts.distances(RANKS.head(1), "about"),
    ],
    ids=["shares", "outliers", "histogram", "nothing", "distances", "two golds", "one rank"],
)
def test_vega_draws_each_chart_in_the_colours_of_the_page(spec):
    assert (spec["width"], spec["description"]) == ("container", "about")
    svg = vl_convert.vegalite_to_svg(spec | {"width": 400, "config": charts.THEME})
    assert "var(--c1)" in svg or "var(--odd)" in svg
    assert "NaN" not in svg
    assert set(re.findall(r"https?://[^\"]*", svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_hostile_names_are_text():
    rows = pd.DataFrame({"name": ["<b>&</script>", "x" * 60], "value": [4, 1], "text": ["4 rows", "1 row"]})
    svg = vl_convert.vegalite_to_svg(charts.bars(rows, "about", name="host") | {"width": 400, "config": charts.THEME})
    assert "<b>" not in svg
    assert "&lt;b>&amp;&lt;/script>" in svg.replace("&gt;", ">")
    assert "4 rows" in svg
