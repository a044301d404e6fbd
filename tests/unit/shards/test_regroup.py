"""Copies whose files are no parts, put back into parts."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b.errors import ConfigError, PartError
from laion2b.parts import record
from laion2b.shards import piles, regroup
from laion2b.shards.filter import filter_part
from mirror import synthetic

DIMENSIONS = 4
MODULUS = synthetic.PARTS
SIZES = {0: 50, 1: 70, 7: 90}


def part(number: int) -> tuple[np.ndarray, pa.Table]:
    return synthetic.embeddings(number, SIZES[number], DIMENSIONS), synthetic.metadata(number, SIZES[number])


def everything() -> pa.Table:
    """Return all rows in order, with their embeddings as ClickHouse's copy has them."""
    tables = []
    for number in SIZES:
        matrix, table = part(number)
        table = table.set_column(
            table.schema.names.index("error_message"), "error_message", pa.nulls(len(table), pa.string())
        )
        tables.append(table.append_column("vector", pa.array(list(matrix.astype("<f4")))))
    return pa.concat_tables(tables)


@pytest.fixture
def copy(tmp_path):
    """Return a function that writes rows of all parts into three files, and returns them."""

    def write(order=None):
        table = everything() if order is None else everything().take(order)
        files = [tmp_path / f"copy_{number}.parquet" for number in range(3)]
        for file, start in zip(files, (0, 60, 150), strict=True):
            end = {0: 60, 60: 150, 150: len(table)}[start]
            pq.write_table(table.slice(start, end - start), file, row_group_size=40)
        return files

    return write


def run(files, tmp_path, order="copy", **options):
    return regroup.regroup(files, tmp_path / "regroup", tmp_path / "parts", MODULUS, order, None, **options)


def check(tmp_path, places=None):
    """Compare the parts with the original, whose rows are expected in the order `places[part]`."""
    for number, rows in SIZES.items():
        matrix, table = part(number)
        order = places[number] if places else np.arange(rows)
        files = [
            tmp_path / "parts" / f"img_emb_{number:04d}.npy",
            tmp_path / "parts" / f"metadata_{number:04d}.parquet",
        ]
        assert np.load(files[0]).tobytes() == matrix[order].tobytes()
        found = pq.read_table(files[1])
        assert "vector" not in found.schema.names
        assert found.to_pylist() == table.take(order).to_pylist()
        assert all(record.read(file)["adopted"] and record.is_unchanged(file) for file in files)
    assert not (tmp_path / "regroup").exists()


@pytest.mark.parametrize("order", ["copy", "key"])
def test_a_copy_in_order_gives_the_parts_of_the_original(copy, tmp_path, caplog, order):
    assert run(copy(), tmp_path, order) == ["0000", "0001", "0007"]
    check(tmp_path)
    assert "not together" not in caplog.text


@pytest.mark.parametrize("order", ["copy", "key"])
@pytest.mark.parametrize("buffered", [1, regroup.BUFFERED])
def test_a_shuffled_copy(copy, tmp_path, caplog, order, buffered, monkeypatch):
    monkeypatch.setattr(regroup, "BUFFERED", buffered)
    shuffled = np.random.default_rng(1).permutation(sum(SIZES.values()))
    run(copy(shuffled), tmp_path, order)
    numbers = np.concatenate([np.full(rows, number) for number, rows in SIZES.items()])
    inside = np.concatenate([np.arange(rows) for rows in SIZES.values()])
    check(tmp_path, None if order == "key" else {each: inside[shuffled[numbers[shuffled] == each]] for each in SIZES})
    assert "The rows of 3 parts are not together in the copy" in caplog.text


def test_a_part_that_was_put_back_is_filtered_as_any_other(copy, tmp_path, paths):
    run(copy(), tmp_path)
    names = {"embeddings": "img_emb_0007.npy", "metadata": "metadata_0007.parquet"}
    files = {key: tmp_path / "parts" / name for key, name in names.items()}
    shard = filter_part(**paths | files | {"part": "0007"}, modulus=MODULUS)
    assert (shard.rows_in, shard.parts_by_key) == (90, {"0007": 90})


class Killed(BaseException):
    """Ends a run at some place, as a kill does."""


@pytest.mark.parametrize("after", range(26))
def test_a_run_that_is_killed_goes_on(copy, tmp_path, monkeypatch, after):
    monkeypatch.setattr(regroup, "BUFFERED", 1)
    files, left = copy(), [after]

    def dying(function):
        def step(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return function(*arguments, **options)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(piles.Piles, "save", dying(piles.Piles.save))
        patch.setattr(piles.Piles, "_append", dying(piles.Piles._append))
        patch.setattr(regroup, "_finish", dying(regroup._finish))
        patch.setattr(regroup, "name_if_free", dying(regroup.name_if_free))
        with pytest.raises(Killed):
            run(files, tmp_path)
    run(files, tmp_path)
    check(tmp_path)


def test_what_was_read_is_not_read_again(copy, tmp_path, monkeypatch):
    files = copy()
    monkeypatch.setattr(regroup, "_publish", lambda *_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        run(files, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(regroup, "_read", lambda *_: pytest.fail("a file was read again"))
    run(files, tmp_path)
    check(tmp_path)


@pytest.mark.parametrize("name", ["img_emb_0001.npz", "metadata_0001.parquet"])
def test_a_part_of_yours_is_not_touched(copy, tmp_path, name):
    (tmp_path / "parts").mkdir()
    own = tmp_path / "parts" / name
    own.write_bytes(b"mine")
    files = copy()
    with pytest.raises(ConfigError, match=f"{name}: found a file of this name"):
        run(files, tmp_path)
    assert own.read_bytes() == b"mine"
    assert [file.name for file in (tmp_path / "parts").iterdir()] == [name]
    own.unlink()
    run(files, tmp_path)
    check(tmp_path)


def test_other_files_than_those_of_the_killed_run(copy, tmp_path, monkeypatch):
    files = copy()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(regroup, "_publish", lambda *_: (_ for _ in ()).throw(Killed))
        run(files, tmp_path)
    with pytest.raises(ConfigError, match="holds what an earlier run regrouped from other files"):
        run(files[:2], tmp_path)


def test_rows_without_a_key_are_left_out(tmp_path, caplog):
    table = everything()
    keys = ["none", *table["key"].to_pylist()[1:]]
    file = tmp_path / "copy.parquet"
    pq.write_table(table.set_column(table.schema.names.index("key"), "key", pa.array(keys)), file)
    run([file], tmp_path)
    assert "1 rows have no key" in caplog.text
    assert len(np.load(tmp_path / "parts" / "img_emb_0000.npy")) == SIZES[0] - 1


def test_parts_that_the_end_of_the_copy_may_have_cut(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    pq.write_table(everything().slice(0, 125), tmp_path / "copy.parquet")
    run([tmp_path / "copy.parquet"], tmp_path)
    assert "part 0000: 50 rows, in 1 runs" in caplog.text
    assert "0007 have fewer rows than most" in caplog.text


def test_a_copy_without_keys(tmp_path):
    pq.write_table(everything().drop_columns(["key"]), tmp_path / "copy.parquet")
    with pytest.raises(PartError, match="found no column key"):
        run([tmp_path / "copy.parquet"], tmp_path)


def test_files_of_different_copies(copy, tmp_path):
    files = copy()
    pq.write_table(pq.read_table(files[1]).drop_columns(["url"]), files[1])
    with pytest.raises(PartError, match="found no column url"):
        run(files, tmp_path)
