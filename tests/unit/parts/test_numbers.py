"""Which parts a subset has."""

import pytest

from laion2b.errors import ConfigError
from laion2b.parts.numbers import nearest, parts_of_first, parts_up_to


def settings(first=1, last=3, holes=()):
    return {"first_part": first, "last_part": last, "holes": list(holes), "name": "own"}


@pytest.mark.parametrize(
    ("last", "first", "holes", "expected"),
    [
        (3, 1, [], [1, 2, 3]),
        (1, 1, [], [1]),
        (2, 0, [], [0, 1, 2]),
        (3, 0, [0, 2, 9], [1, 3]),
    ],
)
def test_parts(last, first, holes, expected):
    assert parts_up_to(last, settings(first, holes=holes)) == expected


def test_no_parts():
    with pytest.raises(ConfigError, match="The subset 1 would end before it begins: N in own-N.h5"):
        parts_up_to(1, settings(first=2))


@pytest.mark.parametrize("last", [4, 10**18])  # the second would not fit into any memory
def test_more_parts_than_there_are(last):
    with pytest.raises(ConfigError, match=f"The subset {last} would end after the last part, which is 3"):
        parts_up_to(last, settings())


@pytest.mark.parametrize(
    ("hole", "holes", "other"),
    [(2, [2], 1), (2, [1, 2], 3), (3, [2, 3], 4), (3, [3, 4], 2), (5, [3, 4, 5], 6), (1, range(1, 7), None)],
)
def test_the_part_next_to_a_hole(hole, holes, other):
    assert nearest(hole, settings(last=6, holes=holes)) == other
    with pytest.raises(ConfigError, match=f"There is no subset {hole}, because there is no part {hole}") as caught:
        parts_up_to(hole, settings(last=6, holes=holes))
    assert (f"Ask for {other}," in str(caught.value)) == (other is not None)


@pytest.mark.parametrize(
    ("rows", "least", "holes", "expected"),
    [(1, 10, [], [1]), (10, 10, [], [1]), (11, 10, [], [1, 2]), (20, 10, [2], [1, 3]), (60, 10, [], range(1, 7))],
)
def test_the_parts_of_first_rows(rows, least, holes, expected):
    assert parts_of_first(rows, settings(last=6, holes=holes) | {"rows_per_part_at_least": least}) == list(expected)


@pytest.mark.parametrize(
    ("rows", "least", "sentence"),
    [
        (61, 10, "own-n61.h5 needs 7 parts of 10 rows, but from part 1 to 6 there are only 6. What to do: ask for"),
        (10**18, 1, "there are only 6"),
        (1, None, "What to do: set `rows_per_part_at_least` to a number"),
    ],
)
def test_more_rows_than_there_are(rows, least, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parts_of_first(rows, settings(last=6) | {"rows_per_part_at_least": least})
