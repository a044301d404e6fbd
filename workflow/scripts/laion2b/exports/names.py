"""The names of all exports, and of the files in their folders."""

import re

from laion2b.names import NAME, first_rows

FOLDER = "exports"
FOLDERS = ("sisap", "bigann", "parquet")
"""The kinds of exports that are a folder."""
MATRICES = ("f16bin", "fbin", "fvecs")
"""The endings of binary matrices."""
DISTANCES = ("angular", "cosine")
"""What ann-benchmarks and VIBE call the distance 1 - cos."""
OF_PARTS = METADATA, PARQUET, AGAIN = "metadata", "parquet", "parts"
"""The folders in exports/ of files of parts, which several exports share."""
CAPTION = "caption"
"""The column whose texts are written as plain text."""
PUBLIC_QUERIES = "public-queries-10k-clip768v2.h5"


def path(export: str = "{export}") -> str:
    """Return the path of an export."""
    return f"{FOLDER}/{export}"


def description(export: str = "{export}") -> str:
    """Return the path of the description of an export."""
    return f"{FOLDER}/{export}.json"


def ann_benchmarks(last: int | str = "{last}", distance: str = "{distance}", name: str = NAME) -> str:
    """Return the path of HDF5 for ann-benchmarks that points to a product."""
    return f"{FOLDER}/{name}-{last}-{distance}.hdf5"


def ann_benchmarks_float32(last: int | str = "{last}", distance: str = "{distance}", name: str = NAME) -> str:
    """Return the path of HDF5 for ann-benchmarks with all numbers in it."""
    return f"{FOLDER}/{name}-{last}-{distance}-float32.hdf5"


def binary(last: int | str = "{last}", kind: str = "{kind}", name: str = NAME) -> str:
    """Return the path of a binary matrix."""
    return f"{FOLDER}/{name}-{last}.{kind}"


def vecs(rows: int | str = "{rows}", name: str = NAME) -> tuple[str, str, str, str]:
    """Return the paths of the first rows of a subset, the queries, their nearest rows, and the captions of the rows."""
    stem = f"{FOLDER}/{name}-{first_rows(rows)}"
    return f"{stem}.fvecs", f"{stem}-queries.fvecs", f"{stem}-neighbors.ivecs", f"{stem}-strings.txt"


def metadata(last: int | str = "{last}") -> str:
    """Return the path of the metadata of a subset."""
    return f"{FOLDER}/metadata-{last}.parquet"


def metadata_of_part(part: str = "{part}") -> str:
    """Return the path of the metadata of one shard."""
    return f"{FOLDER}/{METADATA}/{part}.parquet"


def metadata_again(part: str = "{part}") -> str:
    """Return the path of a part's metadata that are downloaded again."""
    return f"{FOLDER}/{AGAIN}/metadata_{part}.parquet"


def vectors_of_part(part: str = "{part}") -> str:
    """Return the path of the embeddings of one shard as Parquet."""
    return f"{FOLDER}/{PARQUET}/{part}.parquet"


def folder(kind: str = "{kind}", last: int | str = "{last}") -> str:
    """Return the path of an export that is a folder."""
    return f"{FOLDER}/{kind}-{last}"


def zero_rows(last: int | str = "{last}") -> str:
    """Name the list of rows that are zero or not finite."""
    return f"zero-rows-{last}.txt"


def duplicates(last: int | str = "{last}") -> str:
    """Name the list of rows that are equal to an earlier one."""
    return f"duplicates-{last}.parquet"


def dataset(last: int | str, name: str = NAME) -> str:
    """Return what a subset is called where a consumer wants a name and no file."""
    return f"{name}-{last}"


def sisap(last: int, size: str | None, has_public_queries: bool) -> tuple[str, str, str]:
    """Return the names of embeddings, queries and gold standard in a folder that is laid out as the challenge's are.

    The published names are only for what was published. `size` is what the challenge calls an official subset; another
    subset has none.
    """
    gold = size if has_public_queries else None
    return (
        f"laion2B-en-clip768v2-n={size or last}.h5",
        PUBLIC_QUERIES if has_public_queries else "queries.h5",
        f"data/groundtruth-{gold or last}.h5",
    )


def train_file(part: str) -> str:
    """Return the name of the rows of a part in a folder of Parquet."""
    return f"train-{part}.parquet"


def described(name: str = NAME) -> str:
    """Return the pattern of the names of exports that have a description. It has no groups."""
    name, last, any_of = re.escape(name), r"(?:0|[1-9]\d*)", "|".join
    return (
        rf"{name}-{last}-(?:{any_of(DISTANCES)})(?:-float32)?\.hdf5|{name}-{last}\.(?:{any_of(MATRICES)})"
        rf"|metadata-{last}\.parquet|(?:{any_of(FOLDERS)})-{last}"
    )


def last_of(export: str, name: str = NAME) -> str:
    """Return the number of the last part in the name of an export."""
    match = re.search(r"-(\d+)", export.removeprefix(name))
    assert match, export  # the rules form no other name
    return match[1]


def holds_gold(export: str) -> bool:
    """Tell whether an export of this name holds a gold standard."""
    return export.endswith(".hdf5") or export.startswith(tuple(f"{kind}-" for kind in FOLDERS))
