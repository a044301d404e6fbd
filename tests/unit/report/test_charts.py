"""Charts are well-formed, put points where they belong, and show names as they are."""

import re
from xml.etree import ElementTree

import pytest

from laion2b.report.charts import LABELS, WIDTH, Points, Scale, bars, histogram, number, scatter

ABOUT = {"title": "A <title>", "about": "what & why"}
AXES = {"x_label": "part", "y_label": "share, %"}


def parsed(svg):
    root = ElementTree.fromstring(svg)
    assert root.find("title").text == ABOUT["title"]
    assert root.find("desc").text == ABOUT["about"]
    return root


def texts(root, kind):
    return [each.text for each in root.iter("text") if each.get("class") == kind]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (97.1, 98.9, [97.5, 98, 98.5]), (0.0051, 0.0069, [0.0055, 0.006, 0.0065]),
     (-100, 100, [-100, -50, 0, 50, 100])],
)  # fmt: skip
def test_ticks_are_round_and_few(low, high, ticks):
    assert Scale(low, high, 0, 1).ticks(5 if low == 0 else 4) == ticks


def test_places_of_points():
    root = parsed(scatter([Points("a", "c1", [(1, 10), (3, 30)]), Points("b", "odd", [(2, 20)])], **ABOUT, **AXES))
    (first, last), (middle,) = (
        [tuple(map(float, place)) for place in re.findall(r"M([\d.]+) ([\d.]+)h0", path.get("d"))]
        for path in root.iter("path")
    )
    assert first[0] < middle[0] < last[0] <= WIDTH
    assert first[1] > middle[1] > last[1]  # up is more
    assert middle == pytest.approx(((first[0] + last[0]) / 2, (first[1] + last[1]) / 2), abs=0.1)
    assert texts(root, "unit") == ["part", "share, %"]


def test_one_point_and_points_of_one_value():
    parsed(scatter([Points("a", "c1", [(1, 98)]), Points("none", "odd", [])], **ABOUT, **AXES))
    parsed(scatter([Points("a", "c1", [(1, 0), (2, 0)])], **ABOUT, **AXES))


def test_few_points_are_labelled():
    labels = [(part, 5, f"part {part}") for part in range(20)]
    root = parsed(scatter([Points("a", "c1", [(0, 0), (20, 10)])], labels=labels, **ABOUT, **AXES))
    assert texts(root, "label") == [f"part {part}" for part in range(LABELS)]


def test_bars_of_a_histogram_are_as_high_as_their_counts():
    root = parsed(histogram([0, 1, 2, 3], [10, 0, 5], **ABOUT, **AXES))
    high, low = [float(bar.get("height")) for bar in root.iter("rect")]
    assert high == pytest.approx(2 * low, abs=0.2)
    assert not list(parsed(histogram([0, 1], [0], **ABOUT, **AXES)).iter("rect"))


def test_horizontal_bars_have_names_and_values():
    root = parsed(bars([("<b>&", 4, "4 rows"), ("x" * 60, 1, "1 row")], **ABOUT))
    assert [float(bar.get("width")) for bar in root.iter("rect")] == [WIDTH, WIDTH / 4]
    assert texts(root, "name") == ["<b>&", "x" * 39 + "…"]
    assert texts(root, "tick") == ["4 rows", "1 row"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12_500, "12.5k"), (3e6, "3M"), (-0.02, "\u22120.02"), (-2000, "\u22122k"), (98.25, "98.25")],
)
def test_numbers_on_axes(value, text):
    assert number(value) == text
