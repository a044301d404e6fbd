"""A check finds what is wrong with a subset, and nothing where nothing is."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from laion2b.errors import ShardError
from laion2b.formats import hdf5
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard
from laion2b.subsets import official
from laion2b.subsets.official import Subset
from laion2b.subsets.verify import bytes_to_read, meant, verify, verify_subset
from tests.support.shards import DEFINITION, build, flip


@pytest.fixture
def subset(shards, tmp_path):
    """Return the two files of a subset, and the records of its shards."""
    build(shards, tmp_path / "subset.h5")
    return tmp_path / "subset.h5", tmp_path / "subset.tsv", [Shard.read(path, DEFINITION) for path in shards["json"]]


def check(files, definition: Definition = DEFINITION, official_subset: Subset | None = None):
    embeddings, metadata, records = files
    read = []
    findings = verify(embeddings, metadata, records, definition, official_subset, read.append)
    return findings, sum(read)


def test_a_good_subset(subset):
    findings, read = check(subset)
    assert not findings.failed
    assert findings.content()["passed"]
    assert len(findings.checks) == 11
    assert findings.content()["statistics"]["rows"] == 9
    assert findings.official == "no official figure for this configuration"
    assert not findings.unchecked
    assert "not checked" not in findings.text()
    data = hdf5.find_data(subset[0])
    header = len(DEFINITION.header())
    assert read == data.size + subset[1].stat().st_size - header  # each byte once


def rewrite(path, change):
    path.write_bytes(change(path.read_bytes()))


DAMAGES = {
    "embeddings have the XXH3 of their shard": lambda files: flip(files[0], hdf5.find_data(files[0]).offset + 3),
    "lines of the TSV have the XXH3 and the rows of their shard": lambda files: flip(files[1], 25),
    "columns of the TSV": lambda files: flip(files[1], 0),
    "bytes after the last row of the TSV": lambda files: rewrite(files[1], lambda text: text + b"0\te\n"),
    "rows of the TSV": lambda files: rewrite(files[1], lambda text: text[: text.rindex(b"3")]),
    "rows all zero": lambda files: files[2].append(replace(files[2].pop(), zero_rows=2)),
    "rows with NaN or infinity": lambda files: files[2].append(replace(files[2].pop(), not_finite_rows=2)),
    "rows of emb": lambda files: files[2].pop(),
    "the attribute `rows` has the rows of each part": lambda files: files[2].insert(
        0, replace(files[2].pop(0), part="0007")
    ),
    "rows of each tag add up to the rows of the part, and to those kept": lambda files: files[2].append(
        replace(files[2].pop(), rows_in=9)
    ),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_found(subset, what):
    DAMAGES[what](subset)
    findings, _ = check(subset)
    failed = [each.what for each in findings.failed]
    assert what in failed
    assert "FAILED" in findings.text()
    assert not findings.content()["passed"]


def test_which_part_is_wrong_is_named(subset):
    flip(subset[0], hdf5.find_data(subset[0]).offset + 3)
    (failed,) = [each for each in check(subset)[0].failed if "XXH3" in each.what]
    assert failed.found == "not for part 0001"


def test_other_dimensions(subset):
    findings, _ = check(subset, replace(DEFINITION, dimensions=5))
    assert [each.what for each in findings.failed] == ["dimensions"]


MATRIX = np.zeros((2, 4), "<f2")
UNREADABLE = {
    "text": lambda path: path.write_bytes(b"not HDF5"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "another dataset": {"other": MATRIX},
    "float32": {"emb": MATRIX.astype("f4")},
    "no dimensions": {"emb": np.zeros((5, 0), "<f2")},
    "a group": lambda path: h5py.File(path, "w").create_group("emb").file.close(),
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_a_file_that_is_none(subset, damage):
    path, change = subset[0], UNREADABLE[damage]
    if callable(change):
        change(path)
    else:
        with h5py.File(path, "w") as file:
            file.update(change)
    findings, _ = check(subset)
    failed = {each.what: each.found for each in findings.failed}
    assert failed.keys() == {"subset.h5 can be read", "rows of the TSV"}
    assert "expected HDF5 with a float16 matrix emb" in failed["subset.h5 can be read"]


@pytest.mark.parametrize("attributes", [{"parts": [1]}, {"parts": 1, "rows": 2}, {"parts": [1, 2], "rows": [1]}])
def test_attributes_that_do_not_belong_together(tmp_path, attributes):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["emb"] = MATRIX
        file["emb"].attrs.update(attributes)
    with pytest.raises(ShardError, match="don't belong together"), hdf5.Product.open(tmp_path / "x.h5"):
        pass


def test_what_was_not_checked_is_said(subset):
    embeddings, metadata, records = subset
    findings, _ = check((embeddings, metadata, []))
    assert not findings.failed
    assert "not checked: whether these are all rows of the parts, bit by bit." in findings.text()
    assert "--records shards/*.json" in findings.text()
    findings, _ = check((embeddings, None, records))
    assert "not checked: the TSV of these rows, because none was named" in findings.text()
    assert findings.content()["unchecked"] == ["the TSV of these rows, because none was named"]


def test_a_file_that_is_written_meanwhile(subset):
    embeddings, metadata, records = subset
    findings = verify(embeddings, metadata, records, DEFINITION, None, lambda _: metadata.touch())
    assert [each.what for each in findings.failed] == ["files that do not change"]


def test_tags_that_never_occur_count_as_none(subset):
    _embeddings, _metadata, records = subset
    record = next(each for each in records if each.tags.get("NSFW"))
    assert "missing" not in record.tags
    other = next(tag for tag in record.tags if tag != "NSFW")
    tags = record.tags | {"NSFW": record.tags["NSFW"] - 1, other: record.tags[other] + 1}
    records[records.index(record)] = replace(record, tags=tags, definition=record.definition)
    definition = replace(DEFINITION, keep=official.DEFINITION.keep)
    assert [each.found for each in check(subset, definition)[0].failed] == [f"not for part {record.part}"]


def test_a_copy_in_another_layout_has_the_same_data(subset, tmp_path):
    embeddings, metadata, records = subset
    with h5py.File(embeddings) as ours, h5py.File(tmp_path / "copy.h5", "w", userblock_size=512) as copy:
        copy.create_dataset("emb", data=ours["emb"][:], chunks=(2, 2), compression="gzip")
    findings, _ = check((tmp_path / "copy.h5", metadata, records))
    assert not findings.failed
    assert len(findings.checks) == 10  # it says nothing of parts


ROW = np.zeros(768, "<f2")
ROW[:5] = np.array(official.FIRST_EMBEDDING) * 3
ROW[5] = 3 * np.sqrt(1 - np.square(official.FIRST_EMBEDDING).sum())


@pytest.fixture
def copy(tmp_path):
    """Return two rows that begin and end as the official 10M subset does."""
    with hdf5.create(tmp_path / "copy.h5", 2, 768) as output:
        output.write(ROW.tobytes() * 2)
    lines = [
        b'"ONA Prince Street Camera Messenger\n"\tUNLIKELY\t?\ta\n',
        b"Adding new hardware can add a mouse\t\t\t\n",
    ]
    (tmp_path / "copy.tsv").write_bytes(official.DEFINITION.header() + b"".join(lines))
    return tmp_path / "copy.h5", tmp_path / "copy.tsv", []


def test_the_official_subset(copy):
    subset = replace(official.SUBSETS[11], fewest=2, most=3)
    findings, _ = check(copy, official.DEFINITION, subset)
    assert not findings.failed
    assert findings.text().endswith("Matches the official subset.")
    findings, _ = check((copy[0], None, []), official.DEFINITION, subset)
    assert not findings.failed


def test_what_differs_from_the_official_subset(copy):
    flip(copy[1], len(official.DEFINITION.header()) + 3)
    rewrite(copy[1], lambda text: text.replace(b"Adding", b"Removing"))
    flip(copy[0], hdf5.find_data(copy[0]).offset + 3)
    findings, _ = check(copy, official.DEFINITION, official.SUBSETS[11])
    (failed,) = findings.failed
    assert failed.found == (
        "differs: 2 rows, not 10,120,191 rows (10M); another caption in the first row; another caption in the last row; "
        "another embedding in the first row"
    )


def test_what_can_not_be_read_is_explained_once(subset):
    subset[0].write_bytes(b"nothing")
    (line,) = [line for line in check(subset)[0].text().splitlines() if line.startswith("FAILED  subset.h5")]
    assert line.count("expected") == line.count("Likely cause") == 1


def record_of(part: int) -> Shard:
    return Shard(f"{part:04d}", 1, 1, {}, "", "", 1)


@pytest.mark.parametrize(
    ("parts", "last", "name"),
    [
        (range(1, 12), None, "10M"),
        (range(1, 34), None, "30M"),
        ([], 11, "10M"),
        ([], 12, None),
        ([], None, None),
        (range(1, 13), None, None),
        (range(0, 12), None, None),
        ([*range(1, 5), *range(6, 12)], None, None),  # one is left out
    ],
)
def test_which_official_subset_is_meant(parts, last, name):
    subset = meant([record_of(part) for part in parts], last, official.DEFINITION)
    assert (subset and subset.name) == name


def test_records_of_later_parts_do_not_count(shards, tmp_path):
    first = {kind: files[:1] for kind, files in shards.items()}
    build(first, tmp_path / "subset.h5")
    files = tmp_path / "subset.h5", tmp_path / "subset.tsv"
    number = int(shards["json"][0].stem)
    assert not verify_subset(*files, shards["json"], number, None, lambda _: None).failed
    assert verify_subset(*files, shards["json"], None, None, lambda _: None).failed


def test_records_of_another_definition(shards, tmp_path):
    build(shards, tmp_path / "subset.h5")
    files = tmp_path / "subset.h5", tmp_path / "subset.tsv"
    findings = verify_subset(*files, shards["json"], None, replace(DEFINITION, dimensions=9), lambda _: None)
    assert [each.what for each in findings.failed] == [f"{shards['json'][0].parent.name} can be read"]


def test_bytes_to_read(subset):
    embeddings, metadata, records = subset
    rows = sum(record.rows for record in records) * DEFINITION.dimensions * 2
    assert bytes_to_read(embeddings) == rows
    assert bytes_to_read(embeddings, None) == rows
    assert bytes_to_read(embeddings, metadata) == rows + metadata.stat().st_size
