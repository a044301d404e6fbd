"""Tell whether a subset holds the very rows of the file that the organisers published, by its md5."""

from pathlib import Path

from .errors import ConfigError, explain
from .hdf5 import Product
from .jld2 import PUBLISHED, VERSIONS, Digests, containers
from .verify import Progress


def identify(embeddings: Path, last_part: int, threads: int, progress: Progress) -> dict:
    """Return the published md5 of a subset, and those that its rows would have in JLD2 containers, by version of Julia.

    `equal` is the version whose md5 is the published one, or None. Of the md5 sums, `threads` are computed at a time,
    all in one read. Raises ConfigError if this can't be a published subset, and ShardError if the file can't be read.
    """
    with Product.open(embeddings) as product:
        published = PUBLISHED.get(last_part)
        if not published or product.rows not in published.rows or product.dimensions != 768:
            raise ConfigError(
                explain(
                    embeddings,
                    found=f"{product.rows:,} rows of {product.dimensions} dimensions, of parts up to {last_part}",
                    expected="one of the official subsets: the md5 sums of no others were published",
                    cause="a configuration of your own, or another subset",
                    do=f"verify-{last_part}.json is the check for such subsets",
                )
            )
        digests = Digests(containers(product.rows, product.dimensions), threads)
        for block in product.blocks(0, product.rows):
            digests.update(memoryview(block).cast("B"))
            progress(block.nbytes)
    sums = digests.digests()
    equal = next((julia for julia, md5 in sums.items() if md5 == published.md5), None)
    return {"file": embeddings.name, "published": published.md5, "equal": equal, "by_version_of_julia": sums}


def sentence(identity: dict) -> str:
    """Return what an identity means, as a person reads it."""
    if identity["equal"]:
        return (
            f"{identity['file']} holds exactly the rows of the published file: in a JLD2 container of Julia "
            f"{identity['equal']}, they have its md5, {identity['published']}."
        )
    return (
        f"{identity['file']}: no md5 of a JLD2 container equals the published one, {identity['published']}. That "
        f"proves nothing: the published file may be of another version of Julia than {', '.join(VERSIONS)}."
    )
