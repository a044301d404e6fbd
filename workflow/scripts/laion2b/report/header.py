"""The head of the page: what this folder holds, where it comes from, and what the checks say of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import h5py

from laion2b import names
from laion2b.files import read_json
from laion2b.formats.emb import H5_ERRORS
from laion2b.shards.definition import Definition
from laion2b.subsets import official

from .exhibits import listed
from .gather import HostTotals, is_made_up
from .inputs import report_inputs

GOOD, BAD, OPEN = "good", "bad", "open"
"""What a check says: all is well, something is wrong, or nothing."""


@dataclass(frozen=True)
class Verdict:
    """What one check says of one file."""

    sign: str
    name: str
    text: str


@dataclass(frozen=True)
class Header:
    """The head of the page."""

    folder: str
    is_made_up: bool
    """Whether the data are those of the demo."""
    facts: list[tuple[str, str]]
    verdicts: list[Verdict]


def header(
    folder: Path, definition: Definition, first_part: int, hosts: Sequence[HostTotals], rows: Mapping[int, int],
    name: str = names.NAME, families: Iterable[str] = (),
) -> Header:  # fmt: skip
    """Return the head of the page about `folder`; `rows` are those of the embeddings, by the last part.

    `name` is that of the subsets, `families` are those of the parts.
    """
    made_up = is_made_up(families)
    newest = max(file.stat().st_mtime for file in report_inputs(folder, name) if file.exists())
    is_official = official.is_meant(definition, first_part, name, families)
    kind = "the official one of SISAP" if is_official else "not the official one"
    subsets = [f"{names.embeddings(last, name)} ({count:,} rows)" for last, count in rows.items()]
    subsets += [names.metadata(last) for last in names.subsets(folder, names.metadata())]
    facts = [
        ("Data", _source(hosts, families, made_up)),
        ("Products", listed(subsets)),
        ("Newest file shown", f"{datetime.fromtimestamp(newest, UTC):%d %B %Y, %H:%M} UTC"),
        ("Definition", f"{kind}: {_said(definition)}"),
    ]
    return Header(folder.resolve().name, made_up, facts, verdicts(folder, rows, name))


def _source(hosts: Sequence[HostTotals], families: Iterable[str], made_up: bool) -> str:
    if not hosts:
        return "not known: the records of parts list no downloads"
    source = f"parts of {listed(sorted(families)) or 'a family that is not known'}"
    return f"{'made up by the demo' if made_up else source}, from {listed([each.host for each in hosts])}"


def _said(definition: Definition) -> str:
    """Return a definition as people read it."""
    keep = " and ".join(f"{column} {relation} {value!r}" for column, relation, value in definition.keep)
    return (
        f"rows with {keep or 'any values'}, columns {listed(definition.columns)}, {definition.dimensions} dimensions, "
        f"version {definition.version}"
    )


def verdicts(folder: Path, rows: Mapping[int, int], name: str = names.NAME) -> list[Verdict]:
    """Return what the checks say of each subset."""
    found = []
    lasts = sorted({*rows, *names.subsets(folder, names.metadata())})
    for last in lasts:
        products = [folder / file for file in names.products(last, name)]
        found.append(_check(folder / names.verified(last), products) or _unchecked(last))
        jld2 = folder / names.jld2(last)
        if jld2.exists():
            is_equal = bool((read_json(jld2) or {}).get("equal"))
            text = "holds the rows of the published file" if is_equal else "proves nothing: no md5 is equal"
            found.append(_unless_old(jld2, products, Verdict(GOOD if is_equal else OPEN, jld2.name, text)))
    for last, file in names.subsets(folder, names.gold()).items():
        found.append(_gold(file, rows.get(last)))
        if check := _check(folder / names.verified_gold(last), [folder / names.embeddings(last, name)]):
            found.append(check)
    return found


def _unchecked(last: int) -> Verdict:
    return Verdict(OPEN, names.verified(last), f"not checked yet: request {names.verified(last)}")


def _check(file: Path, products: Sequence[Path]) -> Verdict | None:
    """Return what a file with findings says, or that of a check that failed; None if there is neither."""
    failed = names.failed(file)
    if failed.exists():
        wrong = [each["what"] for each in _checks(failed) if not each.get("passed")]
        return _unless_old(failed, products, Verdict(BAD, failed.name, f"failed: {listed(wrong)}"))
    if not file.exists():
        return None
    return _unless_old(file, products, Verdict(GOOD, file.name, f"all {len(_checks(file))} checks passed"))


def _checks(file: Path) -> list[dict]:
    checks = (read_json(file) or {}).get("checks")
    return [each for each in checks if isinstance(each, dict) and "what" in each] if isinstance(checks, list) else []


def _unless_old(file: Path, products: Sequence[Path], verdict: Verdict) -> Verdict:
    """Return the verdict of a file; of a file that is older than a product, return that it says nothing."""
    if any(each.exists() and each.stat().st_mtime_ns > file.stat().st_mtime_ns for each in products):
        return Verdict(OPEN, file.name, "older than the product: request it again")
    return verdict


def _gold(file: Path, rows: int | None) -> Verdict:
    try:
        with h5py.File(file, "r", locking=False) as opened:
            about, queries = int(opened.attrs["rows"]), len(opened["knns"])
    except H5_ERRORS:
        return Verdict(BAD, file.name, "can't be read")
    if rows is not None and about != rows:
        return Verdict(BAD, file.name, f"is about {about:,} rows, and the subset has {rows:,}")
    certificate = (read_json(file.with_suffix(".json")) or {}).get("certificate") or {}
    pairs = certificate.get("pairs_of_a_query_and_a_shard")
    text = f"exact neighbors of {queries:,} queries"
    return Verdict(GOOD, file.name, f"{text}, certified for {pairs:,} pairs of query and shard" if pairs else text)
