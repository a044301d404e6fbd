"""Reading metadata, and refusing what is not sound or has other columns."""

import base64

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from laion2b.errors import PartError
from laion2b.metadata import BATCH, open_metadata


def test_batches_hold_the_columns_asked_for_in_that_order(tmp_path):
    rows = BATCH + 5
    pq.write_table(pa.table({"a": range(rows), "b": ["x"] * rows, "c": [1.0] * rows}), tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as table:
        batches = list(table.batches(["c", "a"]))
        assert table.rows == rows
    assert [batch.schema.names for batch in batches] == [["c", "a"]] * len(batches)
    assert pa.concat_arrays([batch.column("a") for batch in batches]).to_pylist() == list(range(rows))


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (pa.table({"nsfw": ["x"]}), "no column NSFW; did you mean nsfw"),
        (pa.table({"a": ["x"], "b": ["y"]}), "no column NSFW, but a, b"),
        (pa.table([pa.array(["x"])] * 2, names=["NSFW", "NSFW"]), "the column NSFW 2 times"),
        (pa.table({"NSFW": [b"x"]}), "the column NSFW of type binary"),
        (pa.table({"NSFW": pa.array([b"x"]).dictionary_encode()}), "the column NSFW of type binary"),
        (pa.table({"NSFW": [["x"]]}), "the column NSFW of type list"),
        (pa.table({"NSFW": [{"x": 1}]}), "the column NSFW of type struct"),
    ],
)
def test_columns_that_are_not_as_they_should_be(tmp_path, table, found):
    pq.write_table(table, tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as metadata, pytest.raises(PartError, match=found):
        metadata.check_columns(["NSFW"])


def sound() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"NSFW": ["x" * 50] * 1000}), sink, compression="none", use_dictionary=False)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"<html></html>", sound()[:-1], sound()[:-200], b"PARE" + sound()[4:-4] + b"PARE"]
)
def test_files_that_are_no_parquet(tmp_path, content):
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(PartError, match="found a file that can't be read"), open_metadata(tmp_path / "x.parquet"):
        pass


def test_a_damaged_page(tmp_path):
    content = bytearray(sound())
    content[4:40] = b"\xff" * 36
    (tmp_path / "x.parquet").write_bytes(content)
    with open_metadata(tmp_path / "x.parquet") as table, pytest.raises(PartError, match="rows that can't be read"):
        list(table.batches(["NSFW"]))


class Kms(encryption.KmsClient):
    """Wraps keys in nothing."""

    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key, _):
        return base64.b64encode(key)

    def unwrap_key(self, key, _):
        return base64.b64decode(key)


def test_an_encrypted_table(tmp_path):
    factory = encryption.CryptoFactory(Kms)
    configuration = encryption.EncryptionConfiguration(footer_key="f", column_keys={"c": ["NSFW"]})
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), configuration)
    table = pa.table({"NSFW": ["x"]})
    with pq.ParquetWriter(tmp_path / "x.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    with (
        pytest.raises(PartError, match="found a file that can't be read .*encrypt"),
        open_metadata(tmp_path / "x.parquet"),
    ):
        pass


def test_a_column_whose_name_is_not_utf8(tmp_path):
    (tmp_path / "x.parquet").write_bytes(sound().replace(b"NSFW", b"NS\xffW"))
    with pytest.raises(PartError, match="found a file that can't be read"), open_metadata(tmp_path / "x.parquet"):
        pass
