"""What a product is, as its own bytes say, and what must not replace it."""

import json

import pytest

from laion2b.formats import hdf5
from laion2b.shards.definition import Definition as ShardDefinition
from laion2b.subsets.concatenate import concatenate_embeddings, point_to_embeddings
from laion2b.subsets.definition import SUBSET, VERSION, Definition, for_product, stated
from tests.support.configuration import load
from tests.support.shards import DEFINITION


def subset(last=11, **keys):
    return Definition.of(load(**keys), last)


def test_without_holes_the_rows_are_what_the_shards_are_in_every_version():
    settings = load()
    assert subset().rows() == ShardDefinition.of(settings).text()
    assert Definition.of(settings, 11, version=0).text() == ShardDefinition.of(settings).text()
    assert subset(holes=[12]).rows() == subset().rows()
    assert subset(holes=[5, 2, 0]).rows() == json.dumps({"shards": subset().shards, "holes": [2, 5]})


@pytest.mark.parametrize(
    "keys", [{}, {"holes": [3]}, {"family": None}, {"name": "x.y_2", "keep": [["a", "==", "\u00e9"]]}]
)
def test_a_text_means_what_it_was_made_of(keys):
    assert Definition.parse(subset(**keys).text()) == subset(**keys)
    assert Definition.parse(subset(**keys).rows()).of_shards() == subset(**keys).of_shards()


@pytest.mark.parametrize("keys", [{}, {"name": "own", "family": None, "columns": ['a "q"', "\u6771"], "holes": [1]}])
@pytest.mark.parametrize("write", [concatenate_embeddings, point_to_embeddings])
def test_the_bytes_of_a_product_say_what_its_library_says(shards, tmp_path, keys, write):
    wanted = Definition(DEFINITION.content(), **{k: v for k, v in keys.items() if k != "columns"}, version=VERSION)
    about = wanted.attributes({"license": "free", "citation": None, "creator": "\u6771" * 3000})
    write(shards["h5"], shards["json"], tmp_path / "own-10.h5", DEFINITION, about=about)
    assert stated(tmp_path / "own-10.h5") == wanted
    with hdf5.Product.open(tmp_path / "own-10.h5") as product:
        assert product.about == {SUBSET: wanted.text(), "license": "free", "creator": "\u6771" * 3000}
        assert product.parts
    if write is concatenate_embeddings:
        assert hdf5.find_data(tmp_path / "own-10.h5").offset % hdf5.PAGE == 0


def test_a_product_of_an_earlier_version_says_nothing(shards, tmp_path):
    about = Definition(DEFINITION.content()).attributes({"license": "free"})
    concatenate_embeddings(shards["h5"], shards["json"], tmp_path / "own-10.h5", DEFINITION, about=about)
    with hdf5.Product.open(tmp_path / "own-10.h5") as product:
        assert not product.about
    for text in (b"", b'{"name": ', b'{"name": 3}', b'{"name": "x", "shards": {}, "more": 1}'):
        (tmp_path / "other.h5").write_bytes(text)
        assert stated(tmp_path / "other.h5") is None
    assert stated(tmp_path / "own-10.h5") is stated(tmp_path / "missing") is stated(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({}, []),
        ({"name": "own", "keep": []}, ["name", "keep"]),
        ({"family": "demo"}, ["family"]),
        ({"family": None}, []),
        ({"holes": [4], "license": None, "subsets": [2]}, []),
        ({"dimensions": 512}, ["dimensions"]),
    ],
)
def test_how_products_differ(change, keys):
    assert subset().differences(subset(**change)) == keys
    assert Definition(subset().shards | {"version": 9}, family="laion2b-en").differences(subset()) == []


def test_a_product_whose_shards_are_deleted_keeps_its_version(shards, tmp_path):
    product, settings = tmp_path / "laion2B-3.h5", load()
    some, missing = shards["h5"], [*shards["h5"], tmp_path / "missing.h5"]

    def version(shards):
        return for_product(product, shards, settings, 3).version

    assert version(some) == version(missing) == VERSION
    product.write_bytes(b"as of an earlier version")
    assert (version(some), version(missing)) == (VERSION, 0)
    product.write_bytes(subset().text().encode())
    assert version(some) == version(missing) == VERSION
