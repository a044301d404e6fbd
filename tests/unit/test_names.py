"""Names of files."""

from pathlib import Path

from laion2b import names


def test_a_subset_is_known_by_the_number_of_its_last_part(tmp_path):
    for name in (
        "laion2B-33.h5",
        "laion2B-4.h5",
        "laion2B-04.h5",
        "laion2B-4.h5.tmp",
        "Xlaion2B-4.h5",
        "laion2B-4.json",
    ):
        (tmp_path / name).touch()
    assert list(names.subsets(tmp_path, names.embeddings())) == [4, 33]
    assert names.subsets(tmp_path / "nowhere", names.embeddings()) == {}
    assert names.last_part("metadata-0.tsv", *names.products()) == 0


def test_names_are_what_they_were_in_every_version():
    assert [names.embeddings(11), names.metadata(11), names.provenance(11), names.croissant(11), names.sums(11)] == [
        "laion2B-11.h5", "metadata-11.tsv", "laion2B-11.json", "croissant-11.json", "SHA256SUMS-11",
    ]  # fmt: skip
    assert [names.verified(11), names.jld2(11), names.gold(11), names.gold_provenance(11), names.verified_gold(11)] == [
        "verify-11.json", "jld2-11.json", "gold-11.h5", "gold-11.json", "verify-gold-11.json",
    ]  # fmt: skip
    assert names.part_path("img_emb", names.number(7), ".npy") == "parts/img_emb_0007.npy"
    assert names.metadata_of_part(names.number(12345)) == "parts/metadata_12345.parquet"
    shard = [name("0007") for name in (names.shard_embeddings, names.shard_metadata, names.shard_record)]
    assert shard == ["shards/0007.h5", "shards/0007.tsv", "shards/0007.json"]
    assert names.record_of_result(names.searched_again(11)) == "neighbors/again-11.json"
    assert names.failed(Path("verify-11.json")) == Path("verify-11.failed.json")
