"""Files from strangers, altered at random: an error that is a sentence, or good rows; never anything else."""

import io
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laion2b.errors import Laion2bError, PartError, ShardError
from laion2b.formats import hdf5, tsv
from laion2b.formats.embeddings import open_embeddings
from laion2b.formats.metadata import open_metadata
from laion2b.run import configuration
from laion2b.shards import keep
from tests.support.harness import REPOSITORY

BOUNDED = settings(max_examples=300, deadline=2000, derandomize=True, suppress_health_check=list(HealthCheck))


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(24, dtype="<f2").reshape(6, 4))
    return stream.getvalue()


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"caption": ["a", None, "b\tc"], "NSFW": ["NSFW", "x", None], "width": [1, 2, 3]})
    pq.write_table(table, sink, compression="none")
    return sink.getvalue().to_pybytes()


@st.composite
def altered(draw: st.DrawFn, original: bytes) -> bytes:
    """Return the original with some bytes changed, inserted or cut out."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        end = start + draw(st.integers(0, 4))
        data[start:end] = draw(st.binary(max_size=6))
    return bytes(data)


def on_disk(content: bytes, name: str, folder: str) -> Path:
    path = Path(folder, name)
    path.write_bytes(content)
    return path


def other_form(ending: str) -> bytes:
    stream = io.BytesIO()
    if ending == ".npz":
        np.savez(stream, np.arange(24, dtype="<f2").reshape(6, 4))
    else:
        with h5py.File(stream, "w") as file:
            file["emb"] = np.arange(24, dtype="<f2").reshape(6, 4)
    return stream.getvalue()


@pytest.mark.parametrize("ending", [".npz", ".h5"])
@BOUNDED
@given(data=st.data())
def test_other_forms(ending, data):
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(data.draw(altered(other_form(ending))), f"x{ending}", folder)
        try:
            with open_embeddings(path) as embeddings:
                list(embeddings.blocks())
        except PartError as error:
            assert str(path) in str(error)


@BOUNDED
@given(altered(other_form(".h5")))
def test_shards(content):
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(content, "0001.h5", folder)
        try:
            hdf5.find_data(path)
        except ShardError as error:
            assert str(path) in str(error)


@BOUNDED
@given(
    st.one_of(
        altered(npy()),
        st.binary(max_size=200).map(lambda tail: b"\x93NUMPY\1\0\x76\0" + tail),
        st.binary(max_size=200).map(lambda tail: b"\x93NUMPY\3\0\x76\0\0\0" + tail),
    )
)
def test_npy(content):
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(content, "x.npy", folder)
        try:
            with open_embeddings(path) as embeddings:
                rows = sum(len(block) for block in embeddings.blocks())
        except PartError as error:
            assert str(path) in str(error)
        else:
            assert rows == embeddings.rows


@BOUNDED
@given(altered(parquet()))
def test_parquet(content):
    columns, conditions = ["caption", "NSFW"], [["NSFW", "!=", "NSFW"]]
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(content, "x.parquet", folder)
        try:
            with open_metadata(path) as table:
                table.check_columns(columns)
                keep.check_conditions(table, conditions)
                for batch in table.batches(columns):
                    tsv.lines(batch, keep.mask(batch, conditions))
        except PartError as error:
            assert str(path) in str(error)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.dates()
    | st.binary(max_size=3)
    | st.datetimes()
    | st.sets(st.text(max_size=3), max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["mirrors", "keep", "columns", "subsets", "first_part", "dimensions", "checksums", "bandwidth", "x"]
)
TEMPLATES = st.text(st.sampled_from("htps:/{}part04d.@[]?#%\\ é\n~\0"), max_size=30)
MIRRORS = st.fixed_dictionaries({"embeddings": TEMPLATES, "metadata": TEMPLATES})


CONDITIONS = st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=2)


@BOUNDED
@given(
    st.dictionaries(KEYS, VALUES, max_size=4)
    | st.fixed_dictionaries({"mirrors": st.lists(MIRRORS, max_size=2), "keep": CONDITIONS})
)
def test_configuration(config):
    try:
        configuration.load(config, REPOSITORY / "config.yaml", REPOSITORY / "workflow" / "config.schema.yaml")
    except Laion2bError as error:
        assert str(error).startswith("The configuration can't be used:\n- ")
