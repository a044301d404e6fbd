"""The sections about rows: how many each product has, and what the filter kept of each part."""

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from laion2b import official
from laion2b.shard import Definition, Shard
from laion2b.standing import EMBEDDINGS

from . import charts
from .exhibits import Figure, Section, Table, listed
from .sample import Counted

OUTLYING = 5
"""Standard deviations from the median, beyond which a part is marked: of the parts, and of chance."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution whose median absolute deviation is 1."""
FEWEST = 5
"""Parts below which none can be called an outlier."""
COLOURS, OTHER = ("c1", "c2", "c3", "c4"), "c5"
"""Classes of points: of the most frequent tags, and of all others."""


def rows(counted: Mapping[int, Counted], definition: Definition, first_part: int) -> Section:
    """Return how many rows each product has, beside the published figure where there is one."""
    rows = []
    for last, each in counted.items():
        known = official.subset(definition, first_part, last)
        if known is None:
            figure, verdict = "no official figure for this configuration", "–"  # noqa: RUF001
        elif known.agrees(each.rows):
            figure, verdict = _official(known), "✓ as published"
        else:
            difference = each.rows - (known.most if each.rows > known.most else known.fewest)
            figure, verdict = _official(known), f"✗ {difference:+,}".replace("-", "−")  # noqa: RUF001
        rows.append([EMBEDDINGS.format(last=last), f"{first_part}–{last}", f"{each.rows:,}", figure, verdict])  # noqa: RUF001
    text = ["The rows of each product that stands here, and those that the SISAP challenge publishes."]
    if any(row[-1].startswith("✗") for row in rows):
        text.append(
            "A product with other rows than the published ones was not made from the official parts, or not all."
        )
    table = Table(["product", "parts", "rows", "published", "comparison"], rows) if rows else None
    return Section("rows", "Rows per subset", text if rows else ["There is no laion2B-N.h5 here."], [], table)


def _official(known: official.Subset) -> str:
    count = f"{known.fewest:,}" if known.fewest == known.most else f"{known.fewest:,} to {known.most:,}"
    return f"{count} ({known.name})"


def kept(shards: Sequence[Shard], others: int) -> Section:
    """Return the share of rows that the filter kept of each part; `others` records were left out."""
    heading = "Rows kept per part"
    shards = [shard for shard in shards if shard.rows_in]
    if not shards:
        return Section("kept", heading, ["There are no records of shards made by this configuration."])
    median, far = outlying(shards)
    outliers = [_share(shard) for shard in far]
    usual = [_share(shard) for shard in shards if shard not in far]
    rows_in, rows = sum(shard.rows_in for shard in shards), sum(shard.rows for shard in shards)
    text = [f"Of {rows_in:,} rows in {len(shards):,} parts, {rows:,} were kept: {rows / rows_in:.2%}."]
    if outliers:
        text.append(f"Outliers: {listed([f'part {part} ({share:.2f}%)' for part, share in outliers])}.")
    if others:
        text.append(f"{others} records of shards were made by another configuration, and are left out.")
    figure = Figure(
        "Share of rows kept",
        charts.scatter(
            [charts.Points("parts", "c1", usual), charts.Points("outliers", "odd", outliers)],
            title="Share of rows kept per part",
            about=f"{len(shards)} parts, median {median:.2%}, {len(outliers)} outliers.",
            x_label="part", y_label="rows kept, %", middle=100 * median, whole_x=True, size=_dot(len(shards)),
            labels=[(part, share, str(part)) for part, share in outliers],
        ),
        f"One dot is one part; the dashed line is the median, {median:.2%}. "
        + (
            f"Marked is what lies further from it than {OUTLYING} standard deviations, of the parts and of chance."
            if len(shards) >= FEWEST
            else f"With fewer than {FEWEST} parts, none is called an outlier."
        ),
        [("c1", "part"), ("odd", "outlier")] if outliers else [],
    )  # fmt: skip
    return Section("kept", heading, text, [figure])


def _share(shard: Shard) -> tuple[int, float]:
    """Return a part's number, and the percentage of its rows that was kept."""
    return int(shard.part), 100 * shard.rows / shard.rows_in


def outlying(shards: Sequence[Shard]) -> tuple[float, list[Shard]]:
    """Return the median of the shares kept, from 0 to 1, and the shards whose share lies far from it.

    Far is what neither the spread of the parts explains, told by their median absolute deviation, which outliers hardly
    move, nor chance, which moves the shares of small parts most. Parts without rows must not be among the shards.
    """
    shares = [shard.rows / shard.rows_in for shard in shards]
    median = statistics.median(shares)
    if len(shards) < FEWEST:
        return median, []
    spread = NORMAL * statistics.median(abs(share - median) for share in shares)
    limits = [OUTLYING * max(spread, math.sqrt(median * (1 - median) / shard.rows_in)) for shard in shards]
    far = [abs(share - median) > limit for share, limit in zip(shares, limits, strict=True)]
    return median, list(itertools.compress(shards, far))


def _total(shards: Sequence[Shard]) -> Counter[str]:
    return sum((Counter(shard.tags) for shard in shards), Counter())


def colours_of_tags(shards: Sequence[Shard]) -> dict[str, str]:
    """Return the colour of each of the most frequent tags, the same in all charts; the others share one."""
    names = [tag_name(tag) for tag, _ in _total(shards).most_common(len(COLOURS))]
    return dict(zip(names, COLOURS, strict=False))


def tags(shards: Sequence[Shard], colours: Mapping[str, str]) -> Section:
    """Return the share of each tag in the parts, before filtering."""
    heading = "Tags per part"
    total = _total(shards)
    if not total:
        return Section("tags", heading, ["No record of a shard tells of NSFW tags."])
    rows = total.total()
    groups = [(name, colour, [tag for tag in total if tag_name(tag) == name]) for name, colour in colours.items()]
    if rest := [tag for tag in total if tag_name(tag) not in colours]:
        groups.append(("all other tags", OTHER, rest))
    figures = []
    for name, colour, tags in groups:
        shares = [(int(s.part), 100 * sum(s.tags.get(tag, 0) for tag in tags) / s.rows_in) for s in shards if s.rows_in]
        svg = charts.scatter(
            [charts.Points(name, colour, shares)], title=f"Share of {name} per part", height=130,
            about=f"From {min(s for _, s in shares):.3g} to {max(s for _, s in shares):.3g} percent of a part's rows.",
            x_label="part", y_label="% of rows", whole_x=True, size=_dot(len(shares)),
        )  # fmt: skip
        figures.append(Figure(f"{name}: {sum(total[tag] for tag in tags) / rows:.3%}", svg))
    table = Table(
        ["tag", "rows", "share"], [[tag_name(t), f"{n:,}", f"{n / rows:.3%}"] for t, n in total.most_common(12)]
    )
    text = ["The tags of all rows before filtering, one dot per part. Each chart has a scale of its own."]
    return Section("tags", heading, text, figures, table)


def tag_name(name: str) -> str:
    """Return the name of a tag as it is shown."""
    return name or "(empty)"


def _dot(points: int) -> float:
    """Return how wide the dots of so many parts are drawn."""
    return 6 if points <= 60 else 4 if points <= 300 else 2.5
