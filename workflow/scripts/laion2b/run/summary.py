"""What a run that ended well has done, from its logs and from records, and what to do next."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from laion2b import names
from laion2b.logs import RuleName
from laion2b.parts import record
from laion2b.parts.numbers import parts_up_to
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard

from .disk import readable
from .outcome import since
from .progress import duration

PRODUCTS = (RuleName.CONCATENATE_EMBEDDINGS, RuleName.CONCATENATE_METADATA)
"""The rules that make the products of a subset, in the order of `names.products`."""
NEXT = {
    RuleName.VERIFY: f"`{names.REPORT}` shows what is in the products, as a page.",
    RuleName.REPORT: f"Open {names.REPORT} in a browser.",
    RuleName.MERGE: "`bin/laion2b recall` measures a search by a gold standard.",
}
"""What comes after a run that built no products."""


def summary(before: Mapping[Path, int], seconds: float, definition: Mapping, settings: Mapping) -> str:
    """Return what to tell the user of a run in the current directory; nothing if it did nothing.

    The run's jobs are those whose logs were written since `before` (`outcome.snapshot`). It took some seconds.
    """
    jobs: dict[str, list[str]] = {}
    for log in since(Path(), before):
        jobs.setdefault(log.parent.name, []).append(log.stem)
    made = {rule: [int(last) for last in jobs.get(rule, ())] for rule in PRODUCTS}
    subsets = sorted({last for lasts in made.values() for last in lasts})
    lines = _downloads(jobs.get(RuleName.DOWNLOAD, ()))
    for last in subsets:
        numbers = parts_up_to(last, settings)
        lines.append(_rows(f"Parts {numbers[0]}..{last}", [names.number(number) for number in numbers], definition))
        files = [
            Path(name)
            for rule, name in zip(PRODUCTS, names.products(last, settings["name"]), strict=True)
            if last in made[rule]
        ]
        lines += [f"  {file}  {readable(file.stat().st_size)}" for file in files]
    if not subsets and (parts := jobs.get(RuleName.FILTER)):
        lines.append(_rows(f"Shards built: {len(parts)}", parts, definition))
    golds = [Path(names.gold(last)) for last in sorted(jobs.get(RuleName.MERGE, ()), key=int)]
    if golds := [file for file in golds if file.exists()]:
        lines += ["Gold standards:", *(f"  {file}  {readable(file.stat().st_size)}" for file in golds)]
    lines += _next(subsets, jobs)
    return "\n".join([*lines, f"The run took {duration(seconds)}."]) if lines else ""


def _downloads(files: Sequence[str]) -> list[str]:
    """Return a line about the files that were downloaded or linked, or none."""
    known = [found for file in files if (found := record.read(Path(names.PARTS) / file))]
    if not known:
        return []
    size, attempts = sum(each["size"] for each in known), sum(len(each["attempts"]) for each in known)
    return [f"Files of parts: {len(known)} downloaded or linked, {readable(size)}, in {attempts} attempts."]


def _rows(what: str, parts: Sequence[str], definition: Mapping) -> str:
    shards = [Shard.read(Path(names.shard_record(part)), Definition(**definition)) for part in parts]
    rows_in, rows = sum(shard.rows_in for shard in shards), sum(shard.rows for shard in shards)
    share = f" ({rows / rows_in:.2%})" if rows_in else ""
    return f"{what}. Rows in: {rows_in:,}. Rows kept: {rows:,}{share}."


def _next(subsets: Sequence[int], jobs: Mapping) -> list[str]:
    if not subsets:
        return [f"Next: {sentence}" for rule, sentence in NEXT.items() if rule in jobs][-1:]
    checks = " ".join(names.verified(last) for last in subsets)
    return [
        "Next, with the options of this run, such as --directory: check both products, then write a page about them:",
        f"  snakemake --cores 2 {checks}",
        f"  snakemake --cores 2 {names.REPORT}",
    ]
