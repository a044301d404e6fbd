"""The blocks about rows: how many each product has, and what the filter kept of each part."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard
from laion2b.subsets import official

from . import charts
from .exhibits import Block, Figure, Table, listed
from .sample import Counted

OUTLYING = 5
"""A part is marked if it is more standard deviations from the median: both those of the parts and those of chance."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution whose median absolute deviation is 1."""
FEWEST = 5
"""With fewer parts, none is called an outlier."""
TAGS_SHOWN = 4
"""Tags with a chart of their own; the others share one."""
TAGS_LISTED = 12
PARTS = ["part", "rows", "of"]


def rows(
    counted: Mapping[int, Counted], definition: Definition, first_part: int, families: Iterable[str] = (), *,
    is_made_up: bool,
) -> Block:  # fmt: skip
    """Return how many rows each product has, and the published number where there is one.

    `families` are those of the parts.
    """
    rows = []
    for last, each in counted.items():
        name = each.file.removesuffix(f"-{last}.h5")
        known = None if is_made_up else official.subset(definition, first_part, last, name, families)
        if known is None:
            figure = "none: the data are made up" if is_made_up else "no official figure for this configuration"
            verdict = "–"  # noqa: RUF001
        elif known.agrees(each.rows):
            figure, verdict = _official(known), "✓ as published"
        else:
            difference = each.rows - (known.most if each.rows > known.most else known.fewest)
            figure, verdict = _official(known), f"✗ {difference:+,}".replace("-", "−")  # noqa: RUF001
        rows.append([each.file, f"{first_part}–{last}", f"{each.rows:,}", figure, verdict])  # noqa: RUF001
    text = ["The rows of each product here, and the number that the SISAP challenge publishes."]
    if any(row[-1].startswith("✗") for row in rows):
        text.append(
            "A product with another number of rows was not made from all the official parts, or not only from them."
        )
    table = Table(["product", "parts", "rows", "published", "comparison"], rows) if rows else None
    nothing = ["There are no embeddings of a subset here."]
    return Block("Rows per subset", text if rows else nothing, [], table)


def _official(known: official.Subset) -> str:
    count = f"{known.fewest:,}" if known.fewest == known.most else f"{known.fewest:,} to {known.most:,}"
    return f"{count} ({known.name})"


def kept(shards: Sequence[Shard], others: int) -> Block:
    """Return the share of rows that the filter kept of each part; `others` records were left out."""
    heading = "Rows kept per part"
    parts = pd.DataFrame([(int(each.part), each.rows, each.rows_in) for each in shards if each.rows_in], columns=PARTS)
    if parts.empty:
        return Block(heading, ["There are no records of shards with this configuration."])
    parts["share"] = parts["rows"] / parts["of"]
    median, far = outlying(parts)
    parts["kind"] = np.where(far, "outlier", "usual")
    rows, of = int(parts["rows"].sum()), int(parts["of"].sum())
    text = [f"Of {of:,} rows in {len(parts):,} parts, {rows:,} were kept: {rows / of:.2%}."]
    named = [f"part {each.part} ({each.share:.2%})" for each in parts[far].itertuples()]
    text.append(f"Outliers: {listed(named)}." if named else "No part is an outlier.")
    if others:
        text.append(f"{others} records of shards have another configuration, and are left out.")
    about = f"{len(parts)} parts, median {median:.2%}, {int(far.sum())} outliers."
    text.append(f"One dot is one part. The dashed line is the median, {median:.2%}.")
    text.append(
        f"An outlier is further from it than {OUTLYING} standard deviations, both of the parts and of chance."
        if len(parts) >= FEWEST
        else f"With fewer than {FEWEST} parts, none is called an outlier."
    )
    figure = Figure("Share of rows kept", charts.shares(parts, "rows kept", about, middle=median))
    return Block(heading, text, [figure])


def outlying(parts: pd.DataFrame) -> tuple[float, pd.Series]:
    """Return the median of the column `share`, from 0 to 1, and which parts' shares are far from it.

    A share is far if neither the spread of the parts nor chance explains it. The spread is their median absolute
    deviation, which outliers hardly move. Chance moves the shares of parts with few rows, the column `of`, most.
    """
    median = float(parts["share"].median())
    distance = (parts["share"] - median).abs()
    spread = NORMAL * distance.median()
    chance = np.sqrt(median * (1 - median) / parts["of"])
    return median, (distance > OUTLYING * chance.clip(lower=spread)) & (len(parts) >= FEWEST)


def tags(shards: Sequence[Shard]) -> Block:
    """Return the share of each tag in the parts, before filtering."""
    heading = "Tags per part"
    shards = [each for each in shards if each.rows_in]
    counts = pd.DataFrame([each.tags for each in shards]).fillna(0).astype(int)
    if counts.empty:
        return Block(heading, ["No record of a shard holds NSFW tags."])
    counts = counts.T.groupby(tag_name).sum().T
    total = counts.sum().sort_values(ascending=False, kind="stable")
    rows = int(total.sum())
    groups = {tag: counts[tag] for tag in total.index[:TAGS_SHOWN]}
    if len(total) > TAGS_SHOWN:
        groups["all other tags"] = counts[total.index[TAGS_SHOWN:]].sum(axis=1)
    figures = [_tag(name, shards, column, rows) for name, column in groups.items()]
    table = Table(
        ["tag", "rows", "share"],
        [[str(tag), f"{n:,}", f"{n / rows:.3%}"] for tag, n in total.head(TAGS_LISTED).items()],
    )
    text = ["The tags of all rows, before the filter. Each chart has its own scale."]
    return Block(heading, text, figures, table)


def _tag(name: str, shards: Sequence[Shard], column: pd.Series, rows: int) -> Figure:
    parts = pd.DataFrame({"part": [int(each.part) for each in shards], "of": [each.rows_in for each in shards]})
    parts = parts.assign(rows=column, kind="usual").assign(share=lambda each: each["rows"] / each["of"])
    about = f"From {parts['share'].min():.3%} to {parts['share'].max():.3%} of a part's rows."
    spec = charts.shares(parts, "share", about, height=110)
    return Figure(f"{name}: {column.sum() / rows:.3%}", spec, is_wide=False)


def tag_name(name: str) -> str:
    """Return the name of a tag as it is shown."""
    return name or "(empty)"
