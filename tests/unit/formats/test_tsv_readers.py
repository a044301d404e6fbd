"""What readers make of the TSV; docs/products.md says it."""

import csv

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.support.harness import REPOSITORY
from tests.support.reference import COLUMNS

GOLDENS = REPOSITORY / "tests" / "goldens"
TSV = GOLDENS / "nasty.all.tsv"


@pytest.fixture(scope="module")
def expected() -> list[dict[str, str]]:
    """Return the rows that the TSV was written from, a missing value as an empty text."""
    rows = pq.read_table(GOLDENS / "nasty.string.parquet", columns=list(COLUMNS)).to_pylist()
    return [{name: value or "" for name, value in row.items()} for row in rows]


def test_pandas_with_a_line_terminator(expected):
    frame = pd.read_csv(TSV, sep="\t", dtype=str, keep_default_na=False, lineterminator="\n")
    assert frame.to_dict("records") == expected


def test_polars_drops_a_cr_at_the_end_of_a_cell(expected):
    rows = pl.read_csv(TSV, separator="\t").fill_null("").to_dicts()
    assert len(rows) == len(expected)
    for row, right in zip(rows, expected, strict=True):
        assert all(row[name] in (right[name], right[name].removesuffix("\r")) for name in COLUMNS)
    assert rows != expected


def test_readers_for_which_a_bare_cr_ends_a_line(expected):
    assert len(pd.read_csv(TSV, sep="\t")) > len(expected)
    with TSV.open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file, delimiter="\t"))) - 1 > len(expected)
    options = pyarrow.csv.ParseOptions(delimiter="\t", newlines_in_values=True)
    with pytest.raises(pa.ArrowInvalid, match="Expected 4 columns"):
        pyarrow.csv.read_csv(TSV, parse_options=options)
