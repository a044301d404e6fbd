"""A shard: what defines it, and the record that says what its embeddings and its TSV must be."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import ShardError
from .files import read_json, write_json


@dataclass(frozen=True)
class Definition:
    """What a shard is, as the configuration says. The values are what JSON can hold."""

    keep: list[list]
    columns: list[str]
    dimensions: int
    version: int

    def needed_columns(self) -> list[str]:
        """Return the columns that must be read: those written, then those only compared."""
        return list(dict.fromkeys([*self.columns, *(column for column, _, _ in self.keep)]))

    def header(self) -> bytes:
        """Return the first line of the TSV, quoted as `tsv` quotes cells. It is here for those who need no Arrow."""
        names = [name.encode() for name in self.columns]
        quoted = [b'"' + n.replace(b'"', b'""') + b'"' if re.search(rb'[\t\n"]', n) else n for n in names]
        return b"\t".join(quoted) + b"\n"


@dataclass(frozen=True)
class Shard:
    """The record of a shard. It is small, and outlives the shard."""

    part: str
    rows_in: int
    rows: int
    definition: dict
    """What the shard was made by: `keep`, `columns`, `dimensions` and the `version` of the definition."""
    embeddings_xxh3: str
    """XXH3 (128 bits) of the embeddings' bytes alone, without the HDF5 around them."""
    metadata_xxh3: str
    """XXH3 (128 bits) of the whole TSV."""
    metadata_bytes: int
    tags: dict[str, int] = field(default_factory=dict)
    """Rows of the part (not of the shard) per value of NSFW; `missing` are those without one."""
    zero_rows: int = 0
    """Rows of the shard that are all zero."""
    not_finite_rows: int = 0
    """Rows of the shard that hold NaN or an infinity."""

    def write(self, path: Path) -> None:
        """Write the record."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path, definition: Definition) -> "Shard":
        """Read a record. Raises ShardError if it is none, of another part, or made by another definition."""
        shard = cls._read(path)
        if shard.part != path.stem:
            found, expected = f"the record of part {shard.part}", f"that of part {path.stem}"
            raise ShardError.unfit(path, found, expected, "the files of a shard were copied over those of another")
        if shard.definition != asdict(definition):
            raise ShardError.unfit(
                path,
                f"a shard made by {json.dumps(shard.definition)}",
                json.dumps(asdict(definition)),
                "it was copied from elsewhere, or made before the configuration or this software changed and "
                "Snakemake's notes about that (.snakemake) are lost",
            )
        return shard

    @classmethod
    def definition_of(cls, records: Sequence[Path]) -> Definition | None:
        """Return the definition that a shard was made by, if there is a record at all. Raises ShardError."""
        return Definition(**cls._read(records[0]).definition) if records else None

    @classmethod
    def _read(cls, path: Path) -> "Shard":
        try:
            return cls(**read_json(path))
        except TypeError:
            raise ShardError.unfit(
                path,
                "a file that is not the record of a shard",
                "JSON with row counts and hashes",
                "the file was damaged, or written by another version",
            ) from None
