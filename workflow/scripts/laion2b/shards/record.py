"""The record of a shard: what its embeddings and its TSV must be, and what it was made from."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import get_origin

from laion2b.errors import ShardError
from laion2b.files import read_json, write_json

from .definition import Definition

COUNTS = ("tags", "parts_by_key", "listed_rows")
"""Fields of a record that hold a number of rows for each of several things."""


@dataclass(frozen=True)
class Shard:
    """The record of a shard. It is small, and stays when the shard is deleted."""

    part: str
    rows_in: int
    rows: int
    definition: dict
    """The definition: `keep`, `columns`, `dimensions` and `version`."""
    embeddings_xxh3: str
    """XXH3 (128 bits) of the embeddings' bytes, without the HDF5 around them."""
    metadata_xxh3: str
    """XXH3 (128 bits) of the whole TSV; empty if `columns` names none, and there is no TSV."""
    metadata_bytes: int
    tags: dict[str, int] = field(default_factory=dict)
    """Rows of the part (not of the shard) per value of NSFW. `missing` counts those without one."""
    zero_rows: int = 0
    """Rows of the shard that are all zero."""
    not_finite_rows: int = 0
    """Rows of the shard with NaN or an infinity."""
    rounded_rows: int = 0
    """Rows of the shard with float32 or float64 numbers that float16 does not hold."""
    parts_by_key: dict[str, int] = field(default_factory=dict)
    """Rows of the part per part that their keys name, see `keys`. It is empty if nothing was compared."""
    listed_rows: dict[str, int] = field(default_factory=dict)
    """Rows that each list of `drop` took, of those that `keep` keeps; and those that no list of `keep_only` holds."""
    family: str = ""
    """Which embeddings these are (`family` in the configuration); empty if that is not known."""

    def write(self, path: Path) -> None:
        """Write the record."""
        write_json(path, asdict(self))

    def others(self, path: Path) -> Iterator["Shard"]:
        """Yield the records of other parts of the same definition in the folder of `path`, the record of this one."""
        for file in sorted(path.parent.glob("*.json")):
            try:
                other = Shard.read_any(file)
            except ShardError:
                continue
            if other.part != self.part and other.definition == self.definition:
                yield other

    @classmethod
    def read(cls, path: Path, definition: Definition) -> "Shard":
        """Read a record. Raises ShardError for any other file, for another part, and for another definition."""
        shard = cls.read_any(path)
        if shard.part != path.stem:
            found, expected = f"the record of part {shard.part}", f"that of part {path.stem}"
            raise ShardError.unfit(path, found, expected, "the files of a shard were copied over those of another")
        if shard.definition != definition.content():
            raise ShardError.unfit(
                path,
                f"a shard made by {json.dumps(shard.definition)}",
                definition.text(),
                "it was copied from another folder, or the configuration changed and Snakemake's notes about that "
                "(.snakemake) were deleted",
            )
        return shard

    @classmethod
    def read_own(cls, path: Path) -> "Shard":
        """Read a record with any definition. Raises ShardError for any other file, and for another part."""
        return cls.read(path, cls.definition_of(path))

    @classmethod
    def definition_of(cls, record: Path) -> Definition:
        """Return the definition in a record. Raises ShardError for any other file."""
        definition = cls.read_any(record).definition
        keep, columns = definition.get("keep"), definition.get("columns")
        needed, known = Definition.names()
        if (
            not needed <= definition.keys() <= known
            or not (isinstance(columns, list) and all(isinstance(each, str) for each in columns))
            or not (isinstance(keep, list) and all(isinstance(each, list) and len(each) == 3 for each in keep))
        ):
            cause = "the file was damaged, or written by another version"
            raise ShardError.unfit(record, f"the definition {json.dumps(definition)}", "one of this version", cause)
        return Definition(**definition)

    def compare_embeddings(self, file: Path, rows: int, xxh3: str) -> None:
        """Raise ShardError unless the rows that were read from `file` are those of the shard, by number and XXH3."""
        if (rows, xxh3) != (self.rows, self.embeddings_xxh3):
            cause = "the rows were damaged or replaced after they were written"
            expected = f"{self.rows:,} rows with {self.embeddings_xxh3}, as the record of part {self.part} says"
            raise ShardError.unfit(file, f"{rows:,} rows with XXH3 {xxh3}", expected, cause)

    @classmethod
    def read_any(cls, path: Path) -> "Shard":
        """Read a record of any part with any definition. Raises ShardError for any other file."""
        content = read_json(path) or {}
        if not _is_record(content):
            raise ShardError.unfit(
                path,
                "a file that is not the record of a shard",
                "JSON with row counts and hashes",
                "the file was damaged, or written by another version",
            )
        return cls(**content)


def _is_record(content: dict) -> bool:
    kinds = {each.name: get_origin(each.type) or each.type for each in fields(Shard)}
    needed = {each.name for each in fields(Shard) if each.default is each.default_factory is MISSING}
    return (
        needed <= content.keys() <= kinds.keys()
        and all(type(value) is kinds[key] for key, value in content.items())
        and content["part"].isdecimal()
        and all(type(count) is int for key in COUNTS for count in content.get(key, {}).values())
    )
