"""Where a subset comes from, for people and for machines."""

import hashlib
import subprocess

from laion2b.subsets.concatenate import point_to_embeddings
from laion2b.subsets.provenance import provenance, sha256sums
from tests.support.harness import REPOSITORY
from tests.support.shards import DEFINITION, PARTS


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
    (tmp_path / "SHA256SUMS").write_text(sha256sums(content))
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)


def test_a_virtual_product_is_described_with_its_shards(subset, shards, tmp_path):
    embeddings = subset[0][0]
    embeddings.unlink()
    point_to_embeddings(shards["h5"], shards["json"], embeddings, DEFINITION)
    content = provenance(*subset, tmp_path, DEFINITION, REPOSITORY)
    pointed_to = [path.name for path, tags in zip(shards["h5"], PARTS.values(), strict=True) if set(tags) - {"NSFW"}]
    assert [each["file"] for each in content["points_to"]] == pointed_to
    assert sha256sums(content).count("\n") == 2 + len(pointed_to)
