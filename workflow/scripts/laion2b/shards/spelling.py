"""Find tags that a part spells otherwise than `keep`. Without a warning, unwanted rows would be kept."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .conditions import MEMBERSHIPS
from .keep import Condition
from .record import Shard

log = logging.getLogger(__name__)

TAG = "NSFW"
"""The column whose values are counted."""
EQUALITIES = ("==", "!=", *MEMBERSHIPS)
SHOWN = 10
"""How many values of a part a warning names."""

Doubt = tuple[str, str | None]
"""A value in `keep`, and a tag that differs from it only by case or blanks, or None if no tag is alike or equal."""


def warn(shard: Shard, tags: Mapping[str, int], record: Path) -> None:
    """Warn of each doubt about a part with these tags, but only once for all parts with records next to `record`."""
    found = set(doubts(tags, shard.definition["keep"]))
    if not found:
        return
    others = list(shard.others(record))
    for value, tag in sorted(found, key=str):
        if tag is None and any(value in other.tags for other in others):
            continue  # other parts have it, so it is spelled right
        is_known = any((value, tag) in doubts(other.tags, shard.definition["keep"]) for other in others)
        log.log(logging.INFO if is_known else logging.WARNING, "%s", _sentence(shard.part, value, tag, tags))


def doubts(tags: Mapping[str, int], conditions: Sequence[Condition]) -> Iterator[Doubt]:
    """Yield the doubts about the values that `keep` compares with the tags of a part (tag: rows)."""
    for value in _values(conditions) if tags else ():
        alike = [tag for tag in tags if tag != value and _plain(tag) == _plain(value)]
        yield from ((value, tag) for tag in alike)
        if not alike and value not in tags:
            yield value, None


def _values(conditions: Sequence[Condition]) -> list[str]:
    values: list = []
    for column, sign, value in conditions:
        if column == TAG and sign in EQUALITIES:
            values += value if sign in MEMBERSHIPS else [value]
    return [value for value in values if isinstance(value, str)]


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _sentence(part: str, value: str, tag: str | None, tags: Mapping[str, int]) -> str:
    if tag is not None:
        return (
            f"Part {part}: {tags[tag]:,} rows have the {TAG} {tag!r}, but `keep` compares with {value!r}. They differ "
            f"only by case or blanks, and for `keep` they are two values. If both mean the same, name both, as in "
            f'[{TAG}, "not in", ["{value}", "{tag}"]]. Downloaded parts stay.'
        )
    names = ", ".join(repr(each) for each in list(tags)[:SHOWN])
    return (
        f"Part {part}: no row has the {TAG} {value!r} that `keep` compares with. The part has {names}. If `keep` in "
        "config.yaml is misspelt, correct it. Downloaded parts stay."
    )
