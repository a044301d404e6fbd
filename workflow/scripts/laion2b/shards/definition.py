"""What a shard is. If its text changes, all shards and products are rebuilt. So the text must stay the same.

It is needed while the rules are parsed, so it imports nothing that has to be installed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

from laion2b import DEFINITION_VERSION

from .list_files import Listed


@dataclass(frozen=True)
class Definition:
    """What a shard is, as the configuration says. The values are what JSON can hold.

    A field that is added later needs a default that means what was done before. At its default it is left out of
    `content` and `text`. So shards that were made before it existed stay as they are.
    """

    keep: list[list]
    columns: list[str]
    dimensions: int
    version: int
    array: str | None = None
    """The name of the embeddings in a file that may hold several arrays; None for the usual ones."""
    aliases: dict[str, list[str]] | None = None
    """Other names of columns in the metadata."""
    drop: list[list[str]] | None = None
    """Lists whose rows go: what their entries are compared with, and the SHA-256 of each list."""
    keep_only: list[list[str]] | None = None
    """Lists, in the same form. Rows that are in none of them go."""

    @classmethod
    def of(cls, settings: Mapping) -> "Definition":
        """Return the definition by a configuration, in the version of this software."""
        return cls(
            **{key: settings[key] for key in cls.keys_of_configuration() if key in settings}, version=DEFINITION_VERSION
        )

    @classmethod
    def keys_of_configuration(cls) -> list[str]:
        """Return the keys of the configuration that it depends on."""
        return [each.name for each in fields(cls) if each.name != "version"]

    @classmethod
    def parse(cls, text: str) -> "Definition":
        """Return the definition of a text from `text`."""
        return cls(**json.loads(text))

    @classmethod
    def names(cls) -> tuple[set[str], set[str]]:
        """Return the names of the fields that `content` always has, and of all fields."""
        return {each.name for each in fields(cls) if each.default is MISSING}, {each.name for each in fields(cls)}

    def content(self) -> dict:
        """Return it in the form of records."""
        values = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    def text(self) -> str:
        """Return it as JSON, the parameter of the rules. Snakemake compares it with that of the last run."""
        return json.dumps(self.content())

    def needed_columns(self) -> list[str]:
        """Return the columns to read: those that are written, then those that are only compared."""
        return list(dict.fromkeys([*self.columns, *self.compared_columns()]))

    def compared_columns(self) -> list[str]:
        """Return the columns that decide which rows stay."""
        of_lists = [column for each in self.lists() for column in each.columns]
        return list(dict.fromkeys([*(column for column, _, _ in self.keep), *of_lists]))

    def lists(self, *names: str) -> list[Listed]:
        """Return the lists of `drop`, of `keep_only`, or of both."""
        entries = [(name, entry) for name in names or ("drop", "keep_only") for entry in getattr(self, name) or ()]
        return [Listed(by, sha256, f"{name} {by} {sha256}") for name, (by, sha256) in entries]

    def header(self) -> bytes:
        """Return the first line of the TSV. It is quoted as in `formats.tsv`, but without Arrow."""
        names = [name.encode() for name in self.columns]
        quoted = [b'"' + n.replace(b'"', b'""') + b'"' if re.search(rb'[\t\n"]', n) else n for n in names]
        return b"\t".join(quoted) + b"\n"
