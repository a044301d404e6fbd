"""Sums of exact products, rounded once; the order of distances."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laion2b.neighbors import exact
from tests.support import neighbors as reference

halves = st.floats(width=16, allow_nan=False, allow_infinity=False)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
ordinary = st.floats(-1, 1, width=16)


@st.composite
def vectors(draw):
    dimensions = draw(st.integers(1, 12))
    numbers = draw(st.sampled_from([halves, ordinary]))
    query = draw(st.lists(singles, min_size=dimensions, max_size=dimensions))
    rows = draw(st.lists(st.lists(numbers, min_size=dimensions, max_size=dimensions), min_size=1, max_size=4))
    return np.array([query], np.float32), np.array(rows, np.float16)


@settings(max_examples=300, deadline=None)
@given(vectors())
def test_sums_are_exact_and_rounded_once(pair):
    query, rows = pair
    wide = rows.astype(np.float64)
    squares = exact.squares(wide)
    assert squares.tolist() == [reference.dot(row, row) for row in rows]
    assert exact.query_squares(query).tolist() == [reference.dot(query[0], query[0])]
    for bits in {exact.piece_bits(squares.max(), rows.shape[1]), 1, 5}:
        pieces = exact.cut(query, min(bits, exact.piece_bits(squares.max(), rows.shape[1])))
        assert (pieces[0].sum(axis=0) == query[0]).all()
        assert exact.dots(rows, np.arange(len(rows)), [len(rows)], pieces).tolist() == [
            reference.dot(query[0], row) for row in rows
        ]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(*[st.integers(-(2**53), 2**53)] * 5), min_size=1, max_size=5), st.integers(0, 60))
def test_few_numbers_are_added_and_rounded_once(columns, shift):
    terms = np.array(columns, np.float64).T * np.ldexp(1.0, -shift * np.arange(5))[:, None]
    expected = [reference.rounded(sum(map(Fraction, column))) for column in terms.T.tolist()]
    assert exact.rounded_sums(terms).tolist() == expected


@pytest.mark.parametrize(
    "terms",
    [
        (1.0, 2.0**-53, 2.0**-110),  # half a unit, and a little more
        (1.0, 2.0**-53, -(2.0**-110)),
        (1.0, -(2.0**-54), -(2.0**-110)),  # the gap below a power of two is half as wide
        (1.0 + 2.0**-52, 2.0**-53, 0.0),  # a tie, to even
        (2.0**60, -(2.0**60), 2.0**-60),
    ],
)
def test_ties_are_settled_by_what_is_far_below(terms):
    assert exact.rounded_sums(np.array(terms)[:, None])[0] == math.fsum(terms)


def test_every_partial_sum_is_a_whole_number_that_float64_holds():
    """The largest numbers that the bits allow, in every order that NumPy can be talked into."""
    for size, dimensions in ((65504, 4096), (65504, 3), (1, 768), (2.0**-24, 5)):
        rows = np.full((2, dimensions), size, np.float64)
        rows[1, ::2] *= -1
        query = np.full((1, dimensions), np.float32(1.9999999))
        bits = exact.piece_bits(exact.squares(rows).max(), dimensions)
        assert bits >= 1
        pieces = exact.cut(query, bits)
        for piece in pieces[0]:
            steps = math.frexp(abs(piece[0]))[1] - bits if piece[0] else 0
            total = sum(abs(Fraction(float(a))) * abs(Fraction(float(b))) for a, b in zip(piece, rows[0], strict=True))
            assert total <= 2**53 * Fraction(2) ** (steps - 24)
        assert exact.dots(rows, np.arange(2), [2], pieces).tolist() == [reference.dot(query[0], row) for row in rows]


def test_order_is_by_float32_distance_then_by_row():
    distances = np.array([0.5, 0.5 + 1e-12, 0.25, -1e-9, 0.0, -3.0, np.inf])
    keys = exact.sort_keys(distances, np.array([9, 3, 7, 1, 0, 5, 2]))
    assert np.argsort(keys).tolist() == [5, 3, 4, 2, 1, 0, 6]
    assert (exact.sort_keys(np.array([0.0, -0.0]), np.array([1, 1])) == 1 + (1 << 63)).all()


@pytest.mark.parametrize("size", [1, 30, 1000, 30_000])
def test_squares_of_long_rows(size):
    random = np.random.default_rng(size)
    rows = (random.standard_normal((200, 768)) * size / 4 * np.exp2(random.integers(-12, 1, (200, 768)))).astype(
        np.float16
    )
    rows = rows[np.isfinite(rows).all(axis=1)]
    assert exact.squares(rows.astype(np.float64)).tolist() == [reference.dot(row, row) for row in rows]
