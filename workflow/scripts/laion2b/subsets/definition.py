"""What a product is: its rows, by whom they are named, and in which version of this software.

It is needed while the rules are parsed, so it imports nothing that has to be installed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from laion2b import names
from laion2b.shards.definition import Definition as ShardDefinition

VERSION = 1
"""Version of what a product is, besides its rows. Raise it if attributes change: products are then concatenated again.

Version 0 had no attributes but `parts` and `rows`. No shard depends on it.
"""
FAMILY = "laion2b-en"
"""The family of the official subsets."""
SUBSET = "subset"
"""The attribute that holds the definition of a product."""
DESCRIBED = ("name", "family", "license", "citation", "creator")
"""Keys of the configuration that say what the embeddings are, and change no row."""
LARGEST_HEADER = 2**20
"""Bytes at the beginning of a product in which its attributes are."""
BEGIN = b'{"name": '


@dataclass(frozen=True)
class Definition:
    """What a product is. The values are what JSON can hold."""

    shards: dict
    """The definition of its shards: `content` of theirs."""
    name: str = names.NAME
    family: str | None = None
    holes: list[int] = field(default_factory=list)
    """Parts up to the last one that do not exist."""
    version: int = 0

    @classmethod
    def of(cls, settings: Mapping, last: int, version: int = VERSION) -> "Definition":
        """Return what a configuration asks for, for the subset that ends with part `last`."""
        shards = ShardDefinition.of(settings).content()
        holes = sorted(hole for hole in settings["holes"] if settings["first_part"] <= hole <= last)
        return cls(shards, settings["name"], settings["family"], holes, version)

    @classmethod
    def parse(cls, text: str) -> "Definition":
        """Return what `text` or `rows` made a text of."""
        content = json.loads(text)
        return cls(**content) if "shards" in content else cls(content)

    def text(self) -> str:
        """Return it in JSON: the parameter of the rule that writes embeddings, and an attribute of what it writes.

        In version 0 it is only what defines the rows.
        """
        if not self.version:
            return self.rows()
        content = {"name": self.name, "family": self.family, "shards": self.shards}
        return json.dumps(content | ({"holes": self.holes} if self.holes else {}) | {"version": self.version})

    def rows(self) -> str:
        """Return what defines the rows alone, in JSON. Without holes, it is the definition of the shards."""
        return json.dumps({"shards": self.shards, "holes": self.holes} if self.holes else self.shards)

    def of_shards(self) -> ShardDefinition:
        """Return the definition of its shards."""
        return ShardDefinition(**self.shards)

    def attributes(self, described: Mapping) -> dict[str, str]:
        """Return the attributes, which hold text, of a product; none in version 0.

        `described` may have the keys `license`, `citation` and `creator` of the configuration.
        """
        if not self.version:
            return {}
        return {SUBSET: self.text()} | {key: described[key] for key in DESCRIBED[2:] if described.get(key)}

    def is_official(self) -> bool:
        """Tell whether the name and the family are those of the official subsets."""
        return (self.name, self.family) == (names.NAME, FAMILY)

    def differences(self, other: "Definition") -> list[str]:
        """Return in which keys of the configuration another product differs: then one must not replace the other.

        Versions don't count, because a correction of this software replaces products. Nor do holes, nor a family that
        one of them does not say.
        """
        mine, theirs = self._keys(), other._keys()
        if None in (self.family, other.family):
            mine["family"] = theirs["family"]
        return [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]

    def _keys(self) -> dict:
        return {"name": self.name, "family": self.family} | {k: v for k, v in self.shards.items() if k != "version"}


def stated(product: Path) -> Definition | None:
    """Return the definition that a product holds as an attribute; None if it has none, as in earlier versions.

    It is found in the bytes, because HDF5's library may be missing where the Snakefile is read. A test compares it with
    what that library says.
    """
    if not product.is_file():
        return None
    with product.open("rb") as stream:
        head = stream.read(LARGEST_HEADER)
    position = head.find(BEGIN)
    if position < 0:
        return None
    try:
        content, _ = json.JSONDecoder().raw_decode(head[position:].decode("latin-1"))
        return Definition(**content)
    except (ValueError, TypeError):
        return None


def for_product(product: Path, shards: Sequence[Path], settings: Mapping, last: int) -> Definition:
    """Return what a product is to be made by: in the version of this software, unless its shards are deleted.

    A product of an earlier version whose shards are deleted (`keep_shards: false`) keeps its version. To write it
    again, its shards would have to be made again, and perhaps their parts be downloaded.
    """
    known = stated(product)
    if product.exists() and not all(shard.exists() for shard in shards):
        return Definition.of(settings, last, known.version if known else 0)
    return Definition.of(settings, last)
