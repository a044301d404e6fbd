"""Say of a subset where it comes from: enough for someone else to build it again and compare.

All that varies from run to run stands here, and nothing of it in the products themselves.
"""

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from . import __version__, hdf5, record
from .files import read_json
from .mirrors import EMBEDDINGS_ENDINGS, METADATA_ENDINGS
from .shard import Definition, Shard

ENDINGS = {"img_emb": EMBEDDINGS_ENDINGS, "metadata": METADATA_ENDINGS}
"""How the names of a part's files begin and end."""
PACKAGES = ("h5py", "numpy", "pyarrow", "snakemake", "xxhash")
OF_A_FILE = ("file", "url", "final_url", "size", "sha256", "etag", "last_modified", "started", "finished")
"""What is taken over from the record of a part's file. URLs in it have no query strings."""


def provenance(
    products: Sequence[Path], records: Sequence[Path], parts: Path, definition: Definition, repository: Path
) -> dict:
    """Return the provenance of a subset's two products, as JSON holds it.

    `records` are those of its shards, `parts` is the folder with those of the files they come from. Reads each product
    once, for its SHA-256, and the shards that a virtual one points to. Raises ShardError if a record
    was made by another definition.
    """
    shards = [Shard.read(path, definition) for path in records]
    folder = products[0].parent
    return {
        "products": [_product(file, folder) for file in products],
        "points_to": [_product(file, folder) for file in hdf5.sources(products[0])],
        "rows": sum(shard.rows for shard in shards),
        "first_part": int(shards[0].part),
        "last_part": int(shards[-1].part),
        "definition": asdict(definition),
        "written": record.now(),
        "software": {
            "laion2b-subsets": __version__,
            "git_commit": _commit(repository),
            "python": platform.python_version(),
            **dict(_versions()),
        },
        "parts": [_part(shard, parts) for shard in shards],
    }


def _product(file: Path, folder: Path) -> dict:
    return {"file": os.path.relpath(file, folder), "size": file.stat().st_size, "sha256": record.sha256_of(file)}


def _part(shard: Shard, parts: Path) -> dict:
    described = asdict(shard)
    del described["definition"]  # the same for all
    names = [f"{stem}_{shard.part}{ending}" for stem, endings in ENDINGS.items() for ending in endings]
    records = [record.path_for(parts / name) for name in names]
    return described | {"files": [_file(path) for path in records if path.exists()]}


def _file(path: Path) -> dict:
    known = read_json(path) or {}
    return {key: known.get(key) for key in OF_A_FILE} | {"attempts": len(known.get("attempts", []))}


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # not every environment has all


def _commit(repository: Path) -> str | None:
    """Return the commit of the clone that this runs from, with a plus sign if files in it were changed."""
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


def sums(content: dict) -> str:
    """Return the lines of a SHA256SUMS file for the products of a provenance, and for the shards that they point to."""
    files = [*content["products"], *content["points_to"]]
    return "".join(f"{file['sha256']}  {file['file']}\n" for file in files)
