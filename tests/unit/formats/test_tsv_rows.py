"""Rows of a TSV are not its lines."""

import io

import pytest

from laion2b.formats.tsv_rows import TsvRows, bytes_of_first

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
    monkeypatch.setattr("laion2b.formats.tsv_rows.SAMPLE", 9)
    rows = TsvRows()
    for number in range(100):
        rows.update(b'"%d\n"\n' % number)
    assert (rows.rows, rows.first, rows.last) == (100, b'"0\n"', b'"99\n"')


@pytest.mark.parametrize("block", [1, 2, 3, 7, 100])
def test_the_bytes_of_the_first_rows(block):
    rows = [b'a\t"x\ny"\n', b"\t\n", b'"""\n"""\tb\n', b'"\n"\n', b"c\t\r\td\n"]
    for count in range(len(rows) + 1):
        assert bytes_of_first(io.BytesIO(b"".join(rows)), count, block) == len(b"".join(rows[:count]))
    with pytest.raises(ValueError, match="5 rows, not 6"):
        bytes_of_first(io.BytesIO(b"".join(rows)), 6, block)
