"""Parts in other forms, copies that are no parts, and rows that must go: real runs."""

import json
import os

import h5py
import mmh3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirror import synthetic
from mirror.server import MirrorServer
from tests.support import reference
from tests.support.harness import products

ROWS = {1: 40, 2: 30}


@pytest.fixture
def other(tmp_path):
    """Yield a mirror of what a test writes into its folder."""
    folder = tmp_path / "other"
    folder.mkdir()
    with MirrorServer(folder) as server:
        yield folder, server


def test_one_table_for_each_part_with_other_names(work, other):
    folder, server = other
    expected, text = [], reference.line(["caption", "NSFW", "url"])
    for part, rows in ROWS.items():
        matrix, table = synthetic.embeddings(part, rows), synthetic.metadata(part, rows)
        tags = table["NSFW"].to_pylist()
        kept = [row for row, tag in enumerate(tags) if tag not in (None, "NSFW")]
        expected.append(matrix[kept])
        chosen = table.select(["caption", "NSFW", "url"])
        text += b"".join(reference.line(list(row.values())) for row in chosen.take(kept).to_pylist())
        names = [{"caption": "TEXT", "url": "URL"}.get(name, name) for name in table.schema.names]
        table = table.rename_columns(names).append_column("mine", pa.array(list(matrix.astype("<f4"))))
        pq.write_table(table, folder / f"table_{part}.parquet")
    address = server.url + "/table_{part}.parquet"
    keys = {"array": "mine", "aliases": {"caption": ["TEXT"], "url": ["URL"]}, "columns": ["caption", "NSFW", "url"]}
    work.configure(mirrors=[{"embeddings": address, "metadata": address}], **keys)
    output = work.run(*products(2), "laion2B-2.json")
    assert work.embeddings(2).tobytes() == np.concatenate(expected).tobytes()
    assert (work.folder / "metadata-2.tsv").read_bytes() == text
    assert sorted(request.path for request in server.fetched()) == ["table_1.parquet", "table_2.parquet"]
    assert "rounded" not in output
    assert "0 failed" not in work.told()
    assert "1..2" in work.told()
    work.run("verify-2.json")
    assert "Nothing to be done" in work.run(*products(2))


def test_parts_without_metadata(work, other):
    folder, server = other
    for part, rows in ROWS.items():
        np.savez(folder / f"part_{part}.npz", l14_img=synthetic.embeddings(part, rows), l14_txt=np.ones((rows, 768)))
    mirror = {"embeddings": server.url + "/part_{part}.npz"}
    keys = {"mirrors": [mirror], "columns": [], "keep": [], "array": "l14_img", "subsets": [2]}
    work.configure(**keys)
    work.run()
    assert work.embeddings(2).tobytes() == b"".join(synthetic.embeddings(*each).tobytes() for each in ROWS.items())
    assert sorted(path.name for path in (work.folder / "shards").iterdir()) == [
        f"000{part}.{ending}" for part in ROWS for ending in ("h5", "json")
    ]
    assert not (work.folder / "metadata-2.tsv").exists()
    described = json.loads((work.folder / "laion2B-2.json").read_text())
    assert [each["file"] for each in described["products"]] == ["laion2B-2.h5"]
    assert not json.loads((work.folder / "croissant-2.json").read_text())["recordSet"]
    assert "laion2B-2.h5" in (work.folder / "SHA256SUMS-2").read_text()
    assert "metadata" not in work.told()
    assert "Nothing to be done" in work.run()
    work.run("verify-2.json")
    assert "`columns` names no column: subsets have no TSV then" in work.run("-n", "metadata-2.tsv", ok=False)
    work.configure(**{**keys, "keep": [["NSFW", "!=", "NSFW"]]})
    assert "`mirrors`: found no key `metadata`" in work.run("-n", ok=False)


def test_rows_that_must_go(work, mirror, mirror_folder, tmp_path):
    table = pa.concat_tables(pq.read_table(mirror_folder / synthetic.METADATA.format(part=part)) for part in (1, 2))
    urls, captions = (table[name].to_pylist() for name in ("url", "caption"))
    gone = set(urls[3:20])
    allowed = [None if b is None else mmh3.hash64(a + b)[0] for a, b in zip(urls, captions, strict=True)]
    (tmp_path / "gone.txt").write_text("\n".join(gone))
    pq.write_table(pa.table({"hash": [each for each in allowed[:100] if each is not None]}), tmp_path / "only.parquet")
    keys = {
        "name": "cleaned",
        "drop": [{"file": str(tmp_path / "gone.txt"), "by": "url"}],
        "keep_only": [{"file": str(tmp_path / "only.parquet"), "by": "hash"}],
    }
    work.configure(mirror.url, **keys | {"name": "laion2B"})
    assert "expected another name, because rows are left out" in work.run("-n", ok=False)
    work.configure(mirror.url, **keys)
    targets = ("cleaned-2.h5", "metadata-2.tsv")
    output = work.run(*targets)
    kept = [
        row
        for row, (url, tag) in enumerate(zip(urls, table["NSFW"].to_pylist(), strict=True))
        if tag not in (None, "NSFW") and url not in gone and row < 100 and captions[row] is not None
    ]
    matrix = np.concatenate([np.load(mirror_folder / synthetic.EMBEDDINGS.format(part=part)) for part in (1, 2)])
    with h5py.File(work.folder / "cleaned-2.h5") as file:
        assert file["emb"][:].tobytes() == matrix[kept].tobytes()
    records = [json.loads((work.folder / "shards" / f"000{part}.json").read_text()) for part in (1, 2)]
    assert [record["rows"] for record in records] == [sum(row < 90 for row in kept), sum(row >= 90 for row in kept)]
    assert all(len(record["listed_rows"]) == 2 for record in records)
    assert records[0]["listed_rows"].keys() == {f"drop {' '.join(records[0]['definition']['drop'][0])}", "keep_only"}
    logs = "".join(file.read_text() for file in work.folder.glob("logs/**/*.log"))
    assert not any(url in logs + output for url in gone)
    work.run("verify-2.json")
    os.utime(tmp_path / "gone.txt")
    assert "Nothing to be done" in work.run(*targets)
    (tmp_path / "gone.txt").write_text("\n".join(urls[3:21]))
    assert "cleaned-2.h5 was made by another configuration, which differs in `drop`" in work.run(*targets, ok=False)
    for name in targets:
        (work.folder / name).unlink()
    assert work.jobs(work.run("-n", *targets)) == {
        "list": 1, "filter": 2, "concatenate_embeddings": 1, "concatenate_metadata": 1,
    }  # fmt: skip
    (tmp_path / "gone.txt").unlink()
    assert "which does not exist, expected a file" in work.run("-n", ok=False)


def test_a_copy_whose_files_are_no_parts(work, tmp_path):
    tables = []
    for part, rows in ROWS.items():
        vectors = pa.array(list(synthetic.embeddings(part, rows).astype("<f4")))
        tables.append(synthetic.metadata(part, rows).drop_columns("error_message").append_column("vector", vectors))
    table = pa.concat_tables(tables)
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pq.write_table(table.slice(0, 50), files[0])
    pq.write_table(table.slice(50), files[1])
    work.configure("/nowhere")
    assert "`regroup`: found null, expected the files of a copy" in work.run("regroup", ok=False)
    work.configure("/nowhere", regroup={"files": [str(file) for file in files], "order": "copy"})
    work.run("regroup")
    output = work.run(*products(2))
    assert "belong to" not in output
    with h5py.File(work.folder / "laion2B-2.h5") as file:
        assert len(file["emb"]) == sum(record["rows"] for record in _records(work))
    for part, rows in ROWS.items():
        assert (
            np.load(work.folder / "parts" / f"img_emb_000{part}.npy").tobytes()
            == synthetic.embeddings(part, rows).tobytes()
        )
    assert "Nothing to be done" in work.run("regroup")


def _records(work):
    return [json.loads((work.folder / "shards" / f"000{part}.json").read_text()) for part in ROWS]
