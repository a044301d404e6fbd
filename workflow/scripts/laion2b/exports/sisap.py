"""A folder that is laid out as the SISAP challenge's: three HDF5 files under their published names."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from laion2b.formats import hdf5
from laion2b.shards.definition import Definition
from laion2b.subsets import official
from laion2b.subsets.concatenate import concatenate_embeddings
from laion2b.subsets.definition import Definition as DefinitionOfSubset

from . import folder, names, readme
from .links import link


def write(
    files: Sequence[Path], target: Path, called: Sequence[str],
    shards: Sequence[Path], records: Sequence[Path], definition: Definition,
) -> list[Path]:  # fmt: skip
    """Fill the folder with product, queries and gold standard by the names `called`, and a README; return its files.

    They are links. Only a virtual product is written out from its shards: it finds them from the folder that it lies
    in. Raises ShardError if a shard is not what its record says, and ConfigError if a file of the user's is in the way.
    """
    embeddings, queries, gold = called
    writers: dict[str, Callable[[Path], object]] = {
        name: partial(link, file) for file, name in zip(files, called, strict=True)
    }
    writers[readme.NAME] = lambda path: readme.write(path, "sisap", embeddings=embeddings, queries=queries, gold=gold)
    if hdf5.shards_of_virtual(files[0]):
        with hdf5.Product.open(files[0]) as product:
            about = product.about
        writers[embeddings] = lambda path: concatenate_embeddings(shards, records, path, definition, about=about)
    return folder.fill(target, writers)


def file_names(
    definition: Definition, first_part: int, last_part: int, queries: Mapping, said: DefinitionOfSubset | None = None
) -> tuple[str, str, str]:
    """Return the names of embeddings, queries and gold standard; `queries` is what identifies the queries.

    `said` is what the product states of itself, if it does.
    """
    about = (said.name, {said.family}) if said else ()
    subset = official.subset(definition, first_part, last_part, *about)
    return names.sisap(last_part, subset.name if subset else None, queries == {"md5": official.QUERIES_MD5})
