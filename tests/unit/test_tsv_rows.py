"""Rows of a TSV are not its lines."""

import pytest

from laion2b.tsv_rows import TsvRows

TEXTS = {
    b"a\tb\nc\td\n": (2, b"a\tb", b"c\td"),
    b'"a\nb"\tc\nd\t"e\n""\nf"\n': (2, b'"a\nb"\tc', b'd\t"e\n""\nf"'),
    b'""""\n\n': (2, b'""""', b""),
    b"": (0, b"", b""),
}


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("text", TEXTS)
def test_rows_are_counted_wherever_blocks_end(text, size):
    rows = TsvRows()
    for start in range(0, len(text), size):
        rows.update(text[start : start + size])
    assert (rows.rows, rows.first, rows.last) == TEXTS[text]


def test_first_and_last_row_of_more_than_is_kept(monkeypatch):
    monkeypatch.setattr("laion2b.tsv_rows.SAMPLE", 9)
    rows = TsvRows()
    for number in range(100):
        rows.update(b'"%d\n"\n' % number)
    assert (rows.rows, rows.first, rows.last) == (100, b'"0\n"', b'"99\n"')
