"""Published gold standards, checked against rows: they fit, or they tell where the rows slipped."""

import h5py
import numpy as np
import pytest

from laion2b.errors import ConfigError
from laion2b.formats import hdf5
from laion2b.neighbors import queries
from laion2b.neighbors.published import verify

RANDOM = np.random.default_rng(4)
ROWS = RANDOM.standard_normal((900, 16)).astype(np.float16) / np.float16(4)
ROWS[500:503] = ROWS[499]
VECTORS = RANDOM.standard_normal((12, 16)).astype(np.float32)
VECTORS[3] = ROWS[499]
K = 40


def unit(matrix):
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def distances(variant):
    if variant == "2024":
        return 1 - VECTORS @ ROWS.astype(np.float32).T
    rows = unit(ROWS.astype(float))
    if variant == "first version":
        rows = rows.astype(np.float16).astype(float)
    return 1 - unit(VECTORS.astype(float)) @ rows.T


class Files:
    """A product, queries, and gold standards as others might publish them."""

    def __init__(self, folder):
        self.folder = folder
        self.queries = folder / "queries.h5"
        queries.write(self.queries, VECTORS)

    def published(self, variant="F64", change=lambda ids, dists: None):
        single = distances(variant).astype(np.float32)
        ids = np.argsort(single, axis=1, kind="stable")[:, :K]
        dists, ids = np.take_along_axis(single, ids, axis=1), ids.astype(np.int32) + 1
        changed = change(ids, dists)
        ids, dists = changed if changed else (ids, dists)
        path = self.folder / "published.h5"
        with h5py.File(path, "w") as file:
            file["knns"], file["dists"] = ids, dists
        return path

    def product(self, rows, parts=((1, 300), (2, 600))):
        path = self.folder / "laion2B-2.h5"
        with hdf5.create(path, *rows.shape, [(f"{part:04d}", count) for part, count in parts]) as output:
            output.write(rows.tobytes())
        return path

    def verify(self, published, rows=ROWS, gold=None):
        seen = []
        findings = verify(published, self.queries, self.product(rows), gold, seen.append)
        assert sum(seen) == rows.nbytes
        return findings


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("variant", "name"), [("F64", "2023 (F64"), ("2024", "2024"), ("first version", "2023, first version")]
)
def test_the_variant_is_named(files, variant, name):
    findings = files.verify(files.published(variant))
    assert not findings.failed, findings.text()
    assert f"The published distances are those of {name}" in findings.text()


@pytest.mark.parametrize(("gone", "added"), [(450, None), (None, 450), (0, None), (300, 600)])
def test_rows_that_slipped_are_found(files, gone, added):
    rows = ROWS
    if gone is not None:
        rows = np.delete(rows, gone, axis=0)
    if added is not None:
        rows = np.insert(rows, added, ROWS[7], axis=0)
    if len(rows) < len(ROWS):
        rows = np.concatenate([rows, ROWS[:1]])
    published = files.published()
    findings = files.verify(published, rows)
    (failed,) = findings.failed
    with h5py.File(published) as file:
        listed = np.unique(file["knns"][:]) - 1
    place = min(each for each in (gone, added) if each is not None)
    expected = listed[listed >= place][0]
    part, row = (1, expected) if expected < 300 else (2, expected - 300)
    assert f"the first row that disagrees is {expected}, which is row {row} of the shard of part {part}" in failed.found
    assert ("so the rows have slipped there" in failed.found) == (gone != 300)


def test_one_wrong_distance_is_no_slip(files):
    def change(ids, dists):
        dists[5, 7] += 1e-4

    (failed,) = files.verify(files.published(change=change)).failed
    assert failed.what == "distances that agree, of 480"
    assert "479; the first row that disagrees is " in failed.found
    assert "(query 5, rank 8; all from 0 but the rank)" in failed.found
    assert "slipped" not in failed.found


def test_an_ulp_and_ties_are_no_differences(files):
    def change(ids, dists):
        dists[2, 30] = np.nextafter(dists[2, 30], np.float32(9))
        equal = ids[3, :4].copy()
        assert sorted(equal) == [500, 501, 502, 503]
        ids[3, :4] = equal[::-1]

    findings = files.verify(files.published(change=change))
    assert not findings.failed
    assert findings.statistics["ties_not_in_the_order_of_ids"] == 3


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda ids, dists: (ids - 1, dists), "distances that agree, of 480"),
        (lambda ids, dists: (np.where(ids == ids[0, 0], 901, ids), dists), "ids that are no rows"),
        (lambda ids, dists: (ids[:, ::-1], dists[:, ::-1]), "queries whose distances do not ascend"),
        (lambda ids, dists: (ids[:, [0, *range(39)]], dists[:, [0, *range(39)]]), "queries with an id more than once"),
    ],
)
def test_what_else_is_wrong(files, change, what):
    assert what in [
        check.what
        for check in verify(files.published(change=change), files.queries, files.product(ROWS), None, len_).failed
    ]


def len_(_):
    pass


def test_comparison_with_our_own(files, tmp_path):
    published = files.published()
    gold = tmp_path / "gold-2.h5"

    def ours(change):
        with h5py.File(published) as file:
            ids, dists = file["knns"][:, :30], file["dists"][:, :30]
        change(ids, dists)
        with h5py.File(gold, "w") as file:
            file["knns"], file["dists"] = ids, dists
            file.attrs["queries_xxh3"] = queries.xxh3(VECTORS)
        return gold

    findings = files.verify(published, gold=ours(lambda ids, dists: None))
    assert not findings.failed
    assert findings.statistics["ids_at_the_same_rank"] == "360 of 360"

    def other_at_the_last_rank(ids, dists):
        ids[4, 29] = 777

    assert not files.verify(published, gold=ours(other_at_the_last_rank)).failed

    def other_before(ids, dists):
        ids[4, 3] = 777

    (failed,) = files.verify(published, gold=ours(other_before)).failed
    assert failed.what.startswith("queries whose neighbors differ")
    with h5py.File(gold, "a") as file:
        file.attrs["queries_xxh3"] = "others"
    assert "no: it is for other queries" in files.verify(published, gold=gold).text()


def test_files_that_do_not_belong_together(files, tmp_path):
    published = files.published(change=lambda ids, dists: (ids.T, dists.T))
    with pytest.raises(ConfigError, match="is about 40 queries, .* holds 12. It looks transposed"):
        files.verify(published)
