"""The TSV is byte for byte what CSV.jl writes."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laion2b.formats import tsv
from laion2b.formats.batches import plain
from laion2b.formats.metadata import open_metadata
from laion2b.shards import keep
from laion2b.shards.definition import Definition
from tests.support import reference

GOLDENS = Path(__file__).resolve().parents[2] / "goldens"
COLUMNS = ["caption", "NSFW", "LICENSE", "url"]
KEEP = [["NSFW", "!=", "NSFW"]]


def lines(batch: pa.RecordBatch, conditions: list = ()) -> bytes:
    """Return the lines of the rows of a batch that are kept."""
    return bytes(tsv.lines(batch, keep.mask(batch, conditions)))


def header(columns: list[str]) -> bytes:
    """Return the first line of a TSV with these columns."""
    return Definition(keep=[], columns=columns, dimensions=768, version=1).header()


def written(path: Path, conditions: list) -> bytes:
    """Return the TSV of a parquet file, by way of the library."""
    text = header(COLUMNS)
    with open_metadata(path) as table:
        for batch in table.batches(COLUMNS):
            text += lines(batch, conditions)
    return text


@pytest.mark.parametrize("path", sorted(GOLDENS.glob("*.parquet")), ids=lambda path: path.stem)
def test_goldens(path):
    assert written(path, KEEP) == (GOLDENS / f"{path.name.partition('.')[0]}.filtered.tsv").read_bytes()


def test_golden_with_all_rows():
    assert written(GOLDENS / "nasty.string.parquet", []) == (GOLDENS / "nasty.all.tsv").read_bytes()


def test_golden_mask():
    table = pq.read_table(GOLDENS / "nasty.string.parquet", columns=["NSFW"])
    mask = [kept for batch in table.to_batches() for kept in keep.mask(batch, KEEP).to_pylist()]
    assert mask == json.loads((GOLDENS / "nasty.mask.json").read_text())


TEXTS = ["plain", "", None, 'a"b', "tab\there", "lf\nhere", "cr\rhere", " x ", "#", "nul\0", '"', "ü\U0001f3a8", "\t"]
TYPES = {
    "string": pa.array(TEXTS, pa.string()),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "dictionary": pa.array(TEXTS, pa.string()).dictionary_encode(),
    "large dictionary": pa.array(TEXTS, pa.large_string()).dictionary_encode(),
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_every_type_of_text_any_codec_and_row_groups(tmp_path, kind, codec):
    path = tmp_path / "metadata.parquet"
    table = pa.table(dict.fromkeys(COLUMNS, TYPES[kind]))
    pq.write_table(table, path, compression=codec, row_group_size=5)
    assert written(path, []) == reference.line(COLUMNS) + b"".join(reference.line([text] * 4) for text in TEXTS)


def test_pandas_categorical_and_null_columns(tmp_path):
    pd = pytest.importorskip("pandas")
    path = tmp_path / "metadata.parquet"
    pd.DataFrame(
        {"caption": pd.Categorical(["x", None, "y\t"]), "NSFW": ["a", "b", "c"], "LICENSE": [None] * 3, "url": [""] * 3}
    ).to_parquet(path)
    assert written(path, KEEP) == b'caption\tNSFW\tLICENSE\turl\nx\ta\t\t\n\tb\t\t\n"y\t"\tc\t\t\n'


def test_bytes_that_are_not_utf8_pass_through():
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\4\0\0\0\7\0\0\0"), pa.py_buffer(b'\xff\xfea"\xc3\t\x80')]
    )
    batch = pa.record_batch({"caption": broken})
    assert lines(batch) == b'"\xff\xfea"""\n"\xc3\t\x80"\n'


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            pa.array([0.1, 1e300, None, -0.0, 5e-324, 1 / 3]),
            ["0.1", "1e+300", "", "-0", "5e-324", "0.3333333333333333"],
        ),
        (pa.array([0.1], pa.float32()), ["0.10000000149011612"]),
        (pa.array([1 / 3], pa.float16()), ["0.333251953125"]),
        (pa.array([2**63 - 1, None]), ["9223372036854775807", ""]),
        (pa.array([True, False, None]), ["true", "false", ""]),
        (pa.array([None, None]), ["", ""]),
        (pa.array([float("nan"), float("inf")]), ["nan", "inf"]),
    ],
)
def test_numbers(values, expected):
    assert lines(pa.record_batch({"x": values})).decode().split("\n")[:-1] == expected


def test_quotes_go_to_the_right_cells_beside_empty_and_missing_ones():
    batch = pa.record_batch({"x": pa.array(["", '"', "", None, "a\t", None, ""])})
    assert lines(batch) == b'\n""""\n\n\n"a\t"\n\n\n'


def test_a_missing_cell_over_bytes_that_look_special_stays_empty():
    cells = pa.Array.from_buffers(
        pa.string(), 2, [pa.py_buffer(b"\2"), pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"\tx")]
    )
    assert lines(pa.record_batch({"x": cells})) == b"\nx\n"


def test_no_row_is_kept():
    assert lines(pa.record_batch({"x": pa.array(["a", "b"])}), [["x", "==", "c"]]) == b""


def test_a_slice_writes_only_its_own_rows():
    batch = pa.record_batch({"a": TYPES["string"], "b": plain(TYPES["dictionary"])}).slice(3, 4)
    assert lines(batch) == b"".join(reference.line([text, text]) for text in TEXTS[3:7])


@given(st.lists(st.text(st.sampled_from('\t\n\r" ab'), min_size=1), min_size=1))
def test_a_header_is_quoted_like_the_cells(names):
    cells = {str(number): pa.array([name]) for number, name in enumerate(names)}
    assert header(names) == lines(pa.record_batch(cells)) == reference.line(names)


CELLS = st.one_of(st.none(), st.text(st.sampled_from('\t\n\r" ,#a\\\0é'), max_size=6), st.text(max_size=6))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=30))
def test_cells_like_the_slow_reference(rows):
    columns = list(zip(*rows, strict=True)) or [(), ()]
    batch = pa.record_batch({str(number): pa.array(column, pa.string()) for number, column in enumerate(columns)})
    assert lines(batch) == b"".join(reference.line(row) for row in rows)


@given(st.floats(allow_nan=False))
def test_floating_point_numbers_read_back_as_the_same_value(number):
    text = lines(pa.record_batch({"x": pa.array([number])}))
    assert float(text).hex() == number.hex()
