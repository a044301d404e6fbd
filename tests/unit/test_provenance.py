"""Where a subset comes from, for people and for machines."""

import hashlib
import json
import subprocess
import sys

import pytest

from laion2b import hdf5, locate, record
from laion2b.concatenate import view_embeddings
from laion2b.croissant import croissant
from laion2b.errors import ShardError
from laion2b.provenance import provenance, sums
from tests.harness import REPOSITORY
from tests.unit.test_concatenate import PARTS, build, shards  # noqa: F401
from tests.unit.test_filter import DEFINITION


@pytest.fixture
def subset(shards, tmp_path):  # noqa: F811
    """Return the products of a subset, and the records of its shards."""
    build(shards, tmp_path / "laion2B-10.h5")
    return [tmp_path / "laion2B-10.h5", tmp_path / "laion2B-10.tsv"], shards["json"]


@pytest.fixture
def content(subset, tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    file = parts / "img_emb_0003.npy"
    file.write_bytes(b"embeddings")
    record.write(file, url="https://example.org/3.npy", stat=file.stat(), sha256="ab", started=record.now(), etag='"1"')
    return provenance(*subset, parts, DEFINITION, REPOSITORY)


def test_what_it_says(content, subset):
    assert [(each["file"], each["sha256"]) for each in content["products"]] == [
        (file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in subset[0]
    ]
    assert (content["rows"], content["first_part"], content["last_part"]) == (9, 1, 10)
    assert [part["rows"] for part in content["parts"]] == [5, 0, 1, 3]
    assert [len(part["files"]) for part in content["parts"]] == [0, 0, 1, 0]
    (file,) = content["parts"][2]["files"]
    assert (file["url"], file["sha256"], file["etag"], file["attempts"]) == (
        "https://example.org/3.npy",
        "ab",
        '"1"',
        0,
    )
    assert content["definition"]["columns"] == DEFINITION.columns
    assert content["software"]["h5py"]


def test_the_commit(content, subset, tmp_path):
    git = ["git", "-C", str(tmp_path / "clone")]
    (tmp_path / "clone").mkdir()
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "clone" / "file").write_text("1")
    subprocess.run([*git, "add", "file"], check=True)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, *who, "commit", "-qm", "x"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    def commit(repository):
        return provenance(*subset, tmp_path, DEFINITION, repository)["software"]["git_commit"]

    assert commit(tmp_path / "clone") == head
    (tmp_path / "clone" / "file").write_text("2")
    assert commit(tmp_path / "clone") == head + "+"
    assert commit(tmp_path / "no clone") is None
    (tmp_path / "clone" / "copy").mkdir()
    assert commit(tmp_path / "clone" / "copy") is None  # the repository is another one's


def test_sums_are_those_of_sha256sum(content, subset, tmp_path):
    (tmp_path / "SHA256SUMS").write_text(sums(content))
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)


def validate(description, path):
    path.write_text(json.dumps(description))
    program = "from mlcroissant.scripts.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "validate", "--jsonld", str(path)], capture_output=True, text=True, check=False
    )


def test_a_virtual_product_is_described_with_its_shards(subset, shards, tmp_path):  # noqa: F811
    embeddings = subset[0][0]
    embeddings.unlink()
    view_embeddings(shards["h5"], shards["json"], embeddings, DEFINITION)
    content = provenance(*subset, tmp_path, DEFINITION, REPOSITORY)
    pointed_to = [path.name for path, tags in zip(shards["h5"], PARTS.values(), strict=True) if set(tags) - {"NSFW"}]
    assert [each["file"] for each in content["points_to"]] == pointed_to
    assert sums(content).count("\n") == 2 + len(pointed_to)
    assert validate(croissant(content), tmp_path / "croissant.json").returncode == 0


def test_columns_with_odd_names(content, tmp_path):
    content["definition"]["columns"] = ['a "q"\tb', "it's <b>&, x"]
    done = validate(croissant(content), tmp_path / "croissant.json")
    assert done.returncode == 0, done.stderr


def test_croissant_is_valid(content, tmp_path):
    done = validate(croissant(content), tmp_path / "croissant.json")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "Found the following" not in done.stderr


def test_the_validator_finds_mistakes(content, tmp_path):
    description = croissant(content)
    del description["distribution"][0]["contentUrl"]
    assert validate(description, tmp_path / "croissant.json").returncode != 0


def test_every_row_is_traced_to_its_part(subset, tmp_path):
    found = []
    with hdf5.Product.open(subset[0][0]) as product:
        for row in range(product.rows):
            place = locate.locate(product, row)
            metadata = tmp_path / f"{place.part}.parquet"
            found.append(
                (place.part, locate.row_in_part(metadata, DEFINITION, place.row_in_shard, product.parts[place.part]))
            )
        with pytest.raises(ShardError, match="There is no row 9; there are 9 rows"):
            locate.locate(product, 9)
    assert found == [(part, row) for part, tags in PARTS.items() for row, tag in enumerate(tags) if tag != "NSFW"]


def test_a_part_that_does_not_fit(subset, tmp_path):
    with pytest.raises(ShardError, match="found 1 rows that are kept, expected 2, as the subset says"):
        locate.row_in_part(tmp_path / "3.parquet", DEFINITION, 0, 2)


def test_a_file_of_another_program(tmp_path):
    with hdf5.create(tmp_path / "x.h5", 2, 4):
        pass
    with hdf5.Product.open(tmp_path / "x.h5") as product, pytest.raises(ShardError, match="another program wrote it"):
        locate.locate(product, 0)
