"""Compare the rows of a subset with the published JLD2 file, by its md5."""

from pathlib import Path

from laion2b.errors import ConfigError, explain
from laion2b.formats.blocks import OnBytes
from laion2b.formats.hdf5 import Product
from laion2b.formats.jld2 import VERSIONS, Digests, containers
from laion2b.names import verified

from . import official
from .definition import Definition, stated


def identify(embeddings: Path, last_part: int, threads: int, on_bytes: OnBytes) -> dict:
    """Return the published md5 of a subset, and the md5 that its rows have in JLD2 containers, by version of Julia.

    `equal` is the version with the published md5, or None. The file is read once, and `threads` md5 sums are computed
    at a time. Raises ConfigError if this can't be a published subset, and ShardError if the file can't be read.
    """
    with Product.open(embeddings) as product:
        published = official.SUBSETS.get(last_part)
        is_official = product.dimensions == official.DEFINITION.dimensions and _may_be_official(stated(embeddings))
        if not published or not published.agrees(product.rows) or not is_official:
            raise ConfigError(
                explain(
                    embeddings,
                    found=_found(product, last_part, stated(embeddings)),
                    expected="an official subset, because only their md5 sums are published",
                    cause="a configuration of your own, or another subset",
                    do=f"check it with {verified(last_part)}, which works for every subset",
                )
            )
        digests = Digests(containers(product.rows, product.dimensions), threads)
        for block in product.blocks(0, product.rows):
            digests.update(memoryview(block).cast("B"))
            on_bytes(block.nbytes)
    sums = digests.digests()
    equal = next((julia for julia, md5 in sums.items() if md5 == published.md5), None)
    return {"file": embeddings.name, "published": published.md5, "equal": equal, "by_version_of_julia": sums}


def _found(product: Product, last_part: int, said: Definition | None) -> str:
    text = f"{product.rows:,} rows of {product.dimensions} dimensions, of parts up to {last_part}"
    return text if _may_be_official(said) else f"{text}, made by another configuration than the official one"


def _may_be_official(said: Definition | None) -> bool:
    """Tell whether a file may be an official subset by what it says of itself; a copy of others says nothing."""
    return said is None or (said.is_official() and said.of_shards() == official.DEFINITION)


def sentence(identity: dict) -> str:
    """Return a sentence about what an identity means."""
    if identity["equal"]:
        return (
            f"{identity['file']} holds exactly the rows of the published file: in a JLD2 container of Julia "
            f"{identity['equal']}, they have its md5, {identity['published']}."
        )
    return (
        f"{identity['file']}: no md5 of a JLD2 container equals the published one, {identity['published']}. That "
        f"proves nothing: the published file may be of another version of Julia than {', '.join(VERSIONS)}."
    )
