"""Say of an export what it is made of, and the SHA-256 of each of its files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from laion2b.errors import ConfigError
from laion2b.parts import record
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard
from laion2b.subsets.provenance import software

from . import folder

OF_A_SHARD = ("part", "rows", "embeddings_xxh3", "metadata_xxh3")
"""What is taken over from the record of a shard."""


def provenance(
    export: Path, records: Sequence[Path], definition: Definition, repository: Path,
    gold: Path | None = None, queries: Path | None = None, searched: Mapping | None = None,
) -> dict:  # fmt: skip
    """Return the provenance of an export, a file or a folder, as JSON holds it.

    `gold` and `queries` are the files of the gold standard in it, if there is one, and `searched` is its definition.
    Reads each file once. Raises ShardError if a record of a shard was made by another definition.
    """
    shards = [Shard.read(path, definition) for path in records]
    files = folder.files(export) if export.is_dir() else [export]
    if not files:
        raise ConfigError(f"{export} is no folder that an export wrote. Ask for it first.")
    return {
        "export": export.name,
        "files": [_file(file, str(file.relative_to(export.parent))) for file in files],
        "rows": sum(shard.rows for shard in shards),
        "first_part": int(shards[0].part),
        "last_part": int(shards[-1].part),
        "definition": definition.content(),
        "sources": {
            "shards": [{key: getattr(shard, key) for key in OF_A_SHARD} for shard in shards],
            **({"gold": _file(gold), "queries": _file(queries), "searched": searched} if gold and queries else {}),
        },
        "written": record.now(),
        "software": software(repository),
    }


def _file(file: Path, name: str | None = None) -> dict:
    return {"file": name or file.name, "size": file.stat().st_size, "sha256": record.sha256_of(file)}
