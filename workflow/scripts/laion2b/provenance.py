"""Say of a subset where it comes from: enough for someone else to build it again and compare.

All that varies from run to run stands here, and nothing of it in the products themselves.
"""

import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from . import __version__, record
from .files import read_json
from .mirrors import STEMS
from .shard import Definition, Shard

PACKAGES = ("h5py", "numpy", "pyarrow", "snakemake", "xxhash")
OF_A_FILE = ("file", "url", "final_url", "size", "sha256", "etag", "last_modified", "started", "finished")
"""What is taken over from the record of a part's file. URLs in it have no query strings."""


def provenance(
    products: Sequence[Path], records: Sequence[Path], parts: Path, definition: Definition, repository: Path
) -> dict:
    """Return the provenance of a subset's two products, as JSON holds it.

    `records` are those of its shards, `parts` is the folder with those of the files they come from. Reads each product
    once, for its SHA-256. Raises ShardError if a record was made by another definition.
    """
    shards = [Shard.read(path, definition) for path in records]
    return {
        "products": [
            {"file": file.name, "size": file.stat().st_size, "sha256": record.sha256_of(file)} for file in products
        ],
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


def _part(shard: Shard, parts: Path) -> dict:
    described = asdict(shard)
    del described["definition"]  # the same for all
    files = [_file(path) for stem in STEMS for path in sorted(parts.glob(f"{stem}_{shard.part}.*.json"))]
    return described | {"files": files}


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
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "+" * bool(changes.stdout)


def sums(content: dict) -> str:
    """Return the lines of a SHA256SUMS file for the products of a provenance."""
    return "".join(f"{product['sha256']}  {product['file']}\n" for product in content["products"])
