"""Vectors with ids in Parquet."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.formats import vectors_parquet


def test_ids_and_numbers_of_blocks_of_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors_parquet, "GROUP", 10)
    matrix = np.random.default_rng(1).standard_normal((43, 5)).astype("<f2")
    cuts = [0, 3, 10, 31, 43]
    blocks = [(7 + start, matrix[start:stop]) for start, stop in pairwise(cuts)]
    assert vectors_parquet.write(tmp_path / "x.parquet", blocks, "emb", pa.float32(), {"ids": "from 0"}) == 43
    file = pq.ParquetFile(tmp_path / "x.parquet")
    table = file.read()
    assert [table.schema.field(name).type for name in ("id", "emb")] == [pa.int64(), pa.list_(pa.float32())]
    assert table["id"].to_pylist() == list(range(7, 50))
    assert (np.array(table["emb"].to_pylist(), np.float32) == matrix.astype(np.float32)).all()
    assert file.metadata.num_row_groups == 5
    assert file.schema_arrow.metadata[b"ids"] == b"from 0"


def test_no_rows(tmp_path):
    assert vectors_parquet.write(tmp_path / "x.parquet", [], "emb", pa.float32(), {}) == 0
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 0
