"""The pass over the TSV, against pandas' reader, on captions that are meant to confuse."""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from laion2b.errors import ShardError
from laion2b.formats import tsv, tsv_columns
from laion2b.report import texts
from mirror import synthetic


def write(path, table):
    batch = table.combine_chunks().to_batches()[0]
    header = "\t".join(table.column_names).encode() + b"\n"
    path.write_bytes(header + bytes(tsv.lines(batch, pa.repeat(True, len(batch)))))
    return path


@pytest.fixture
def path(tmp_path):
    table = synthetic.metadata(1, 2000).select(["caption", "NSFW", "LICENSE", "url"])
    return write(tmp_path / "metadata-1.tsv", table)


@pytest.mark.parametrize("block", [8 * 1024 * 1024, 20_000])
def test_counts_are_those_of_pandas(path, monkeypatch, block):
    monkeypatch.setattr(tsv_columns, "BLOCK", block)
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, lineterminator="\n")
    wanted = np.arange(3, 2000, 7)
    found = texts.read(path, wanted)
    assert frame.caption.str.contains("\r").any()
    assert found.rows == len(frame) == 2000
    captions = frame.caption.str.replace("\r", " ").iloc[wanted]
    assert found.captions == dict(zip(wanted.tolist(), captions, strict=True))
    assert found.lengths.tolist() == np.bincount(frame.caption.str.len(), minlength=texts.LONGEST + 1).tolist()
    assert found.hosts == Counter(frame.url.str.extract(r"//([^/]+)/")[0])
    assert found.without_host == 0


def test_bytes_that_are_not_utf8_long_captions_and_odd_urls(tmp_path):
    path = tmp_path / "x.tsv"
    urls = ["HTTPS://User@Example.COM:80/x", "http://example.com", "ftp://[::1]/", "no url", ""]
    lines = ["é" * 3, "x" * 5000, "", "", ""]
    path.write_bytes(
        b"caption\turl\n" + b"".join(f"{a}\t{b}\n".encode() for a, b in zip(lines, urls, strict=True)) + b"\xff\xfe\t\n"
    )
    found = texts.read(path, np.empty(0, int))
    assert {length: count for length, count in enumerate(found.lengths.tolist()) if count and length > 2} == {
        3: 1,
        1000: 1,
    }
    assert found.hosts["example.com"] == 2
    assert found.without_host == 3
    assert texts.read(path, np.array([0, 5])).captions == {0: "é" * 3, 5: "\ufffd\ufffd"}


def test_columns_may_be_configured_away(tmp_path):
    path = write(tmp_path / "x.tsv", pa.table({"key": ["1", "2"], "width": ["3", "4"]}))
    found = texts.read(path, np.empty(0, int))
    assert (found.columns, found.lengths, found.hosts, found.captions) == (["key", "width"], None, None, None)


def test_one_column_with_empty_cells_and_no_rows(tmp_path):
    path = write(tmp_path / "x.tsv", pa.table({"caption": ["a", "", None, "b"]}))
    assert texts.read(path, np.empty(0, int)).lengths[:2].tolist() == [2, 2]
    path.write_bytes(b"caption\tNSFW\n")
    assert texts.read(path, np.empty(0, int)).rows == 0


def test_rare_hosts_are_forgotten_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "MOST_HOSTS", 10)
    path = write(tmp_path / "x.tsv", pa.table({"url": [f"http://{row % 3 or row}.example/" for row in range(60)]}))
    assert texts.read(path, np.empty(0, int)).hosts.most_common(2) == [("1.example", 20), ("2.example", 20)]


def test_a_damaged_tsv_is_refused_by_name(path):
    path.write_bytes(path.read_bytes() + b"one cell\n")
    with pytest.raises(ShardError, match="metadata-1.tsv: found lines that can't be parsed"):
        texts.read(path, np.empty(0, int))
