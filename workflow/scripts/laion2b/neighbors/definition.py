"""What defines a gold standard, beside the rows: the queries, how many neighbors, and the metric.

It is needed while the rules are parsed, so it imports nothing that has to be installed.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from laion2b import names
from laion2b.errors import ConfigError, mistake
from laion2b.files import read_json
from laion2b.parts import mirrors
from laion2b.parts.numbers import parts_up_to

QUERIES = 10_000
"""Queries of the challenge, for an estimate before they are there."""
VERSION = 1
"""Raise it if, and only if, a correction changes results; all searches are then due again."""

MORE = 16
"""Rows kept beyond the share of a shard, so that a few more there, or ties, need no second search."""


@dataclass(frozen=True)
class Definition:
    """What is asked for. It reaches the rules as a parameter, so that a change of it redoes what it concerns."""

    queries: dict
    """What identifies the queries: their md5, or their address without secrets, or how they are drawn."""
    metric: str
    neighbors: int
    version: int = VERSION

    @classmethod
    def of(cls, settings: Mapping) -> "Definition":
        """Return what the configuration asks for."""
        queries = settings["queries"]
        if "file" in queries:
            known = queries.get("md5")
            queries = {"md5": known.lower()} if known else {"file": mirrors.without_secrets(queries["file"])}
        return cls(queries, settings["metric"], settings["neighbors"])

    @classmethod
    def parse(cls, text: str) -> "Definition":
        """Return what `text` made of it."""
        return cls(**json.loads(text))

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def is_served_by(self, other: Mapping) -> bool:
        """Tell whether results by another definition, as a record has it, can serve: it may ask for more neighbors."""
        mine = asdict(self)
        same = all(other.get(key) == mine[key] for key in ("queries", "metric", "version"))
        return same and other.get("neighbors", 0) >= self.neighbors


def kept_per_shard(neighbors: int, shards: int) -> int:
    """Return how many rows a search keeps for each query, of a shard of subsets of so many shards or more.

    A shard's share of a query's neighbors is random; four standard deviations more than its mean are hardly ever
    exceeded. Those it takes beyond that are searched again.
    """
    share = neighbors / shards
    return math.ceil(min(neighbors, share + 4 * math.sqrt(share))) + MORE


def kept(settings: Mapping) -> int:
    """Return how many rows a new search keeps for each query."""
    return kept_per_shard(settings["neighbors"], len(parts_up_to(min(settings["subsets"]), settings)))


def kept_in(result: Path, settings: Mapping) -> int:
    """Return how many rows a result of a search keeps for each query; if it can't serve, how many a new one will."""
    known = serving(Path(names.record_of_result(result)), Definition.of(settings))
    return known["kept"] if known else kept(settings)


def warnings(lasts: Sequence[int], settings: Mapping) -> list[str]:
    """Return a warning for each of these subsets that has so few parts that most searches keep too little for it.

    Results that exist in the current directory say themselves how much was kept.
    """
    found = []
    for last in lasts:
        results = [Path(names.result(names.number(part))) for part in parts_up_to(last, settings)]
        share = settings["neighbors"] / len(results)
        if sum(kept_in(result, settings) < share for result in results) > len(results) / 2:
            found.append(
                f"{names.gold(last)} is of so few parts that a search keeps too little of each shard for it. So one "
                "job will search most of them again. You can avoid that where no shard was searched yet: add "
                f"{last} to `subsets`."
            )
    return found


def bytes_of_results(outputs: Sequence[Path], settings: Mapping) -> int:
    """Return about how many bytes the results of searches and the gold standards among these files will add."""
    results = [path for path in outputs if path.match(names.result("*")) and path.stem.isdecimal()]
    golds = [path for path in outputs if path.match(names.gold("*"))]
    if not results and not golds:
        return 0
    queries, neighbors = settings["queries"].get("rows", QUERIES), settings["neighbors"]
    sizes = dict.fromkeys(results, queries * kept(settings) * 12) | dict.fromkeys(golds, queries * neighbors * 16)
    return sum(max(0, size - (path.stat().st_size if path.exists() else 0)) for path, size in sizes.items())


def mistakes(settings: Mapping) -> list[str]:
    """Return what is wrong with `queries` and `published_gold` in a configuration that its schema allows."""
    queries, last = settings["queries"], max(settings["subsets"])
    found = []
    if queries.get("part") in settings["holes"]:
        do = "draw from a part that exists, and that no subset holds"
        found.append(mistake("queries", f"part {queries['part']}, which is one of `holes`", "a part that exists", do))
    elif "part" in queries and settings["first_part"] <= queries["part"] <= last:
        expected = "a part that no subset holds, because a row would be a neighbor of itself"
        do = f"draw from a part before `first_part`, which is {settings['first_part']}, or after {last}"
        found.append(mistake("queries", f"part {queries['part']}, which is in the subset {last}", expected, do))
    published = settings["published_gold"]
    named = [("queries", queries), *(("published_gold", each) for each in published)]
    named += [("published_gold", each["queries"]) for each in published]
    for key, address in ((key, entry["file"]) for key, entry in named if "file" in entry):
        shown = repr(mirrors.without_secrets(address))
        if mirrors.is_url(address) and not address.lower().startswith(("http://", "https://", "file://")):
            expected = "a URL with http://, https:// or file://, or a path"
            found.append(mistake(key, shown, expected, "download the file yourself, and name its path"))
        elif mirrors.is_remote(address) and "@" in urlsplit(address).netloc:
            expected = "a URL without, because it is recorded"
            found.append(mistake(key, f"{shown} with a user name or password", expected, "put them in ~/.netrc"))
    if len({entry["last"] for entry in published}) < len(published):
        found.append(mistake("published_gold", "two entries with the same `last`", "one for each", "take one out"))
    return found


def downloaded(address: str) -> Path:
    """Return where a file from a URL is kept; another address gives another name."""
    bare = mirrors.without_secrets(address)
    name = Path(unquote(urlsplit(bare).path)).name or names.QUERIES
    return Path(names.query_file(f"{hashlib.sha256(bare.encode()).hexdigest()[:8]}-{name}"))


def remote_files(settings: Mapping) -> dict[Path, Mapping]:
    """Return the entries of `queries` and `published_gold` that name URLs, by where their files are kept."""
    published = settings.get("published_gold") or []
    entries = [settings["queries"], *published, *(entry["queries"] for entry in published)]
    return {
        downloaded(entry["file"]): entry for entry in entries if "file" in entry and mirrors.is_remote(entry["file"])
    }


def serving(record: Path, definition: Definition) -> dict | None:
    """Return the record of a result that exists and can serve by this definition, or None."""
    known = read_json(record) if record.with_suffix(".h5").exists() else None
    return known if known and definition.is_served_by(known.get("definition", {})) else None


def record_of_queries(folder: Path, definition: Definition) -> dict | None:
    """Return the record of queries.h5 in a folder if it holds the queries of this definition, or None."""
    known = read_json(folder / names.QUERIES_RECORD) if (folder / names.QUERIES).exists() else None
    return known if known and known.get("definition") == definition.queries else None


def check_queries(folder: Path, definition: Definition, is_forced: bool) -> None:
    """Raise ConfigError if a run would replace queries.h5 by other queries without being told to.

    A queries.h5 that the workflow has not written is never replaced.
    """
    file, known = folder / names.QUERIES, read_json(folder / names.QUERIES_RECORD)
    if not file.exists() or (known and known.get("definition") == definition.queries):
        return
    if not known:
        raise ConfigError(
            f"{file} was not written by this workflow, and a run would replace it. What to do: move it to another"
            " place, and name it there, as in `queries: {file: PATH}`."
        )
    if not is_forced:
        raise ConfigError(
            f"{file} holds other queries than the configuration asks for now, and this run would replace it, with all "
            "results of searches. To replace them, run the same command with `--forcerun queries search`. To keep"
            " them, put `queries` back, or use another working directory."
        )


def check_result(result: Path, definition: Definition, is_forced: bool) -> None:
    """Raise ConfigError if a run would replace a result for other queries or another metric without being told to."""
    known = (read_json(result.with_suffix(".json")) or {}).get("definition", {}) if result.exists() else None
    if is_forced or known is None or definition.is_served_by(known | {"neighbors": definition.neighbors}):
        return
    raise ConfigError(
        f"{result} and the results of other searches are for other queries or another metric than the configuration"
        " asks for now, and this run would replace them. To replace them, run the same command with `--forcerun"
        " search`. To keep them, put `queries` and `metric` back, or use another working directory."
    )


def check_subset(settings: Mapping, last: int) -> None:
    """Raise ConfigError if the queries are drawn from a part that the subset holds."""
    drawn = settings["queries"].get("part")
    if drawn is not None and settings["first_part"] <= drawn <= last:
        raise ConfigError(
            f"{names.gold(last)} can't be made: its queries are drawn from part {drawn}, which is in the subset, so "
            "they would be neighbors of themselves. Draw from a part that no subset holds."
        )


def published(settings: Mapping, last: int) -> Mapping:
    """Return the entry of `published_gold` for a subset. Raises ConfigError if there is none."""
    for entry in settings["published_gold"]:
        if entry["last"] == last:
            return entry
    raise ConfigError(
        f"{names.verified_gold(last)} compares with a published gold standard, but `published_gold` names none with "
        f"`last: {last}`. Add an entry, or use the command verify_gold for a file."
    )


def local(address: str) -> Path:
    """Return the path that a local address means. Raises ConfigError if there is no such file."""
    path = mirrors.local_path(address)
    if not path.exists():
        raise ConfigError(f"{path} does not exist, but the configuration names it. Correct the path, or put it there.")
    return path
