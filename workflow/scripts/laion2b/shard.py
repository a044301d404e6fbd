"""A shard: the embeddings and the TSV of a part's kept rows, and the record that says what they must be."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import ShardError, explain
from .files import read_json, write_json


@dataclass(frozen=True)
class Shard:
    """The record of a shard. It is small, and outlives the shard."""

    part: str
    rows_in: int
    rows: int
    dimensions: int
    embeddings_xxh3: str
    """XXH3 (128 bits) of the embeddings' bytes alone, without the HDF5 around them."""
    metadata_xxh3: str
    """XXH3 (128 bits) of the whole TSV."""
    metadata_bytes: int
    tags: dict[str, int] = field(default_factory=dict)
    """Rows of the part (not of the shard) per value of NSFW; `missing` are those without one."""
    definition: int = 0

    def write(self, path: Path) -> None:
        """Write the record."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> "Shard":
        """Read a record. Raises ShardError if it is none."""
        try:
            return cls(**read_json(path))
        except TypeError:
            raise ShardError(
                explain(
                    path,
                    found="a file that is not the record of a shard",
                    expected="JSON with row counts and hashes",
                    cause="the file was damaged, or written by another version",
                    do=f"delete {path} and run the same command again, which rebuilds the shard",
                )
            ) from None
