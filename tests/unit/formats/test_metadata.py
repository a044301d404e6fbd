"""Reading metadata, and refusing what is not sound or has other columns."""

import base64

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from laion2b.errors import PartError
from laion2b.formats.batches import BATCH, DECODED, LARGEST_BATCH
from laion2b.formats.metadata import LARGEST_FOOTER, LONGEST_CELL, open_metadata


def test_batches_hold_the_columns_asked_for_in_that_order(tmp_path):
    rows = BATCH + 5
    pq.write_table(pa.table({"a": range(rows), "b": ["x"] * rows, "c": [1.0] * rows}), tmp_path / "x.parquet")
    with open_metadata(tmp_path / "x.parquet") as table:
        batches = list(table.batches(["c", "a"]))
        assert table.rows == rows
    assert [batch.schema.names for batch in batches] == [["c", "a"]] * len(batches)
    assert pa.concat_arrays([batch.column("a") for batch in batches]).to_pylist() == list(range(rows))


ALIASES = {"caption": ["TEXT", "text"], "url": ["URL"]}


def test_columns_under_other_names(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["a", "b"], "TEXT": ["c", "d"], "url": ["e", "f"], "URL": ["g", "h"]}), path)
    with open_metadata(path, ALIASES) as table:
        table.check_columns(["url", "caption"])
        (batch,) = table.batches(["url", "caption", "TEXT"])
        assert batch.to_pydict() == {"url": ["e", "f"], "caption": ["c", "d"], "TEXT": ["c", "d"]}
        with pytest.raises(PartError, match="found no column NSFW"):
            table.check_columns(["NSFW"])


def test_no_column_under_any_of_its_names(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table([["a"], ["b"], ["c"]], names=["Text", "URL", "URL"]), path)
    with open_metadata(path, ALIASES) as table:
        with pytest.raises(PartError, match="found no column caption, .* expected .* caption or TEXT or text"):
            table.check_columns(["caption"])
        with pytest.raises(PartError, match="found the column URL 2 times"):
            table.check_columns(["url"])


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (pa.table({"nsfw": ["x"]}), "no column NSFW, but nsfw"),
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


def many_groups() -> bytes:
    """Return a table whose footer says that it is larger than any sound one."""
    return sound()[:-8] + (LARGEST_FOOTER + 1).to_bytes(4, "little") + b"PAR1"


def test_a_footer_that_is_too_large(tmp_path):
    (tmp_path / "x.parquet").write_bytes(many_groups())
    with pytest.raises(PartError, match="found a footer of 16,777,217 bytes"), open_metadata(tmp_path / "x.parquet"):
        pass


ONE, MOST = "x" * 1000, "y" * LONGEST_CELL


@pytest.mark.parametrize(
    "texts",
    [
        pa.array([ONE] * (3 * BATCH)),
        pa.array([ONE, None, MOST] * 12 + [""] * 70),
        pa.array([ONE] * (2 * DECODED)).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, None, 1] * 50, pa.int32()), [MOST, ONE]),
        pa.array([MOST] * 20, pa.string_view()),
        pa.array([MOST] * 20, pa.large_string()),
        pa.nulls(BATCH + 1),
    ],
)
def test_batches_are_bounded_in_rows_and_bytes_and_hold_all_rows(tmp_path, texts):
    table = pa.table({"a": texts, "b": [str(row) for row in range(len(texts))]})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=BATCH + 100)
    for columns in (["b", "a"], ["a"]):
        with open_metadata(tmp_path / "x.parquet") as metadata:
            batches = list(metadata.batches(columns))
        assert max(batch.num_rows for batch in batches) <= BATCH
        assert all(batch.num_rows == 1 or sum(sizes(batch)) <= LARGEST_BATCH for batch in batches)
        for name in columns:
            assert [each for batch in batches for each in batch.column(name).to_pylist()] == table[name].to_pylist()


def sizes(batch: pa.RecordBatch) -> list[int]:
    """Return the bytes of text in each column."""
    return [sum(len(each or "") for each in column.to_pylist()) for column in batch.columns]


@pytest.mark.parametrize("encoded", [False, True])
def test_a_text_that_is_too_long(tmp_path, encoded):
    texts = pa.array(["a", MOST + "y"])
    pq.write_table(pa.table({"caption": texts.dictionary_encode() if encoded else texts}), tmp_path / "x.parquet")
    with (
        open_metadata(tmp_path / "x.parquet") as table,
        pytest.raises(
            PartError, match="found a text of 1,000,001 bytes in the column caption, expected at most 1,000,000"
        ),
    ):
        list(table.batches(["caption"]))


class Kms(encryption.KmsClient):
    """Wraps keys in nothing."""

    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key, _):
        return base64.b64encode(key)

    def unwrap_key(self, key, _):
        return base64.b64decode(key)


def encrypted(path, *, plaintext_footer: bool):
    """Write a table whose column NSFW is encrypted, and perhaps its footer."""
    factory = encryption.CryptoFactory(Kms)
    columns = {"c": ["NSFW"]}
    keys = encryption.EncryptionConfiguration(footer_key="f", column_keys=columns, plaintext_footer=plaintext_footer)
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), keys)
    table = pa.table({"NSFW": ["x"], "url": ["y"]})
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


def test_an_encrypted_table(tmp_path):
    encrypted(tmp_path / "x.parquet", plaintext_footer=False)
    with (
        pytest.raises(PartError, match="found a file that can't be read .*encrypt"),
        open_metadata(tmp_path / "x.parquet"),
    ):
        pass


def test_an_encrypted_column(tmp_path):
    encrypted(tmp_path / "x.parquet", plaintext_footer=True)
    with open_metadata(tmp_path / "x.parquet") as table:
        assert [batch.column("url").to_pylist() for batch in table.batches(["url"])] == [["y"]]
        with pytest.raises(PartError, match=r"found an encrypted column, .* use a copy that is not encrypted\."):
            list(table.batches(["NSFW"]))


def test_a_column_whose_name_is_not_utf8(tmp_path):
    (tmp_path / "x.parquet").write_bytes(sound().replace(b"NSFW", b"NS\xffW"))
    with pytest.raises(PartError, match="found a file that can't be read"), open_metadata(tmp_path / "x.parquet"):
        pass
