"""The provenance of a subset: with it, another person can build the subset again and compare.

It has all that differs from run to run. The products themselves have nothing of that.
"""

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from laion2b import __version__
from laion2b.files import read_json
from laion2b.formats import hdf5
from laion2b.names import names_of_part
from laion2b.parts import record
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard

from .definition import DESCRIBED

PACKAGES = ("h5py", "numpy", "pyarrow", "snakemake", "xxhash")
OF_A_FILE = ("file", "url", "final_url", "size", "sha256", "etag", "last_modified", "started", "finished")
"""Keys that are copied from the record of a part's file. URLs in it have no query strings."""


def provenance(
    products: Sequence[Path], records: Sequence[Path], parts: Path, definition: Definition, repository: Path,
    described: Mapping = MappingProxyType({}),
) -> dict:  # fmt: skip
    """Return the provenance of a subset's products, the embeddings first, as JSON holds it.

    `records` are those of its shards. `parts` is the folder with the records of parts. `described` has the keys `name`,
    `family`, `license`, `citation` and `creator` of the configuration. Reads each product once for its
    SHA-256, and also the shards of a virtual one. Raises ShardError if a record is of another definition.
    """
    shards = [Shard.read(path, definition) for path in records]
    folder = products[0].parent
    return {
        **{key: described.get(key) for key in DESCRIBED},
        "products": [_product(file, folder) for file in products],
        "points_to": [_product(file, folder) for file in hdf5.shards_of_virtual(products[0])],
        "rows": sum(shard.rows for shard in shards),
        "first_part": int(shards[0].part),
        "last_part": int(shards[-1].part),
        "definition": definition.content(),
        "written": record.now(),
        "software": software(repository),
        "parts": [_part(shard, parts) for shard in shards],
    }


def _product(file: Path, folder: Path) -> dict:
    return {"file": os.path.relpath(file, folder), "size": file.stat().st_size, "sha256": record.sha256_of(file)}


def _part(shard: Shard, parts: Path) -> dict:
    described = asdict(shard)
    del described["definition"]  # the same for all
    records = [record.path_for(parts / name) for name in names_of_part(shard.part)]
    return described | {"files": [_file(path) for path in records if path.exists()]}


def _file(path: Path) -> dict:
    known = read_json(path) or {}
    return {key: known.get(key) for key in OF_A_FILE} | {"attempts": len(record.attempts(known))}


def software(repository: Path) -> dict:
    """Return the versions of the software that made the result."""
    return {
        "laion2b-subsets": __version__,
        "git_commit": _commit(repository),
        "python": platform.python_version(),
        **dict(_versions()),
    }


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an environment need not have all


def _commit(repository: Path) -> str | None:
    """Return the commit of this clone, with a plus sign if files in it were changed. None if it is no clone."""
    try:
        git = ["git", "-C", str(repository)]
        top, head = subprocess.run(
            [*git, "rev-parse", "--show-toplevel", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.split()
        if Path(top) != repository.resolve():
            return None  # a copy of the software, in a repository of something else
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "+" * bool(changes.stdout)


def sha256sums(content: dict) -> str:
    """Return the lines of a SHA256SUMS file for the products of a provenance, and the shards that they point to."""
    files = [*content["products"], *content["points_to"]]
    return "".join(f"{file['sha256']}  {file['file']}\n" for file in files)
