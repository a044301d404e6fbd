"""What a user reads is safe to show, and on one line."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import PartError, explain, printable
from laion2b.formats.metadata import open_metadata

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\x9b1m\u202egnp\udcff"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 東京 🎨 a\nb", "Zürich 東京 🎨 a\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\tc\x9b\u202e\udcff", "a\\rb\\tc\\x9b\\u202e\\udcff"),
    ],
)
def test_only_what_is_printable_is_shown_as_it_is(text, shown):
    assert printable(text) == shown


def test_an_error_is_one_printable_line():
    error = explain(HOSTILE, found="a\nERROR b", expected=HOSTILE, cause=HOSTILE, do=HOSTILE)
    assert str(error).isprintable()


def test_the_name_of_a_column_does_not_reach_the_terminal_raw(tmp_path):
    pq.write_table(pa.table({HOSTILE[:-1]: ["x"]}), tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as table, pytest.raises(PartError) as caught:
        table.check_columns(["NSFW"])
    assert str(caught.value).isprintable()
