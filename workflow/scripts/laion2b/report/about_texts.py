"""The sections about captions and URLs."""

import numpy as np

from laion2b.standing import METADATA

from . import charts
from .exhibits import Figure, Section, listed
from .texts import CAPTION, URL, Texts

HOSTS_SHOWN = 15
BINS = 40


def captions(last: int | None, text: Texts | None) -> Section:
    """Return how long the captions of product `last` are."""
    heading = "Length of captions"
    if text is None or text.lengths is None:
        return Section("captions", heading, [no_column(text, CAPTION)])
    lengths, rows = text.lengths, int(text.lengths.sum())
    if not rows:
        return Section("captions", heading, ["The subset has no rows."])
    quantiles = np.searchsorted(np.cumsum(lengths), [rows * share for share in (0.5, 0.99)])
    width = max(1, -(-int(quantiles[1]) // BINS))
    counts = [int(lengths[start : start + width].sum()) for start in range(0, BINS * width, width)]
    figure = Figure(
        f"Captions in {METADATA.format(last=last)}",
        charts.histogram(
            [width * step for step in range(BINS + 1)], counts, title="Length of captions",
            about=f"Median {quantiles[0]} characters; one in a hundred is longer than {quantiles[1]}.",
            x_label="characters", y_label="rows", marks=[int(quantiles[0])],
        ),
        f"The dashed line is the median. Longer captions, outside of the chart: {rows - sum(counts):,}.",
    )  # fmt: skip
    sentence = (
        f"Of {rows:,} captions, half have at most {quantiles[0]:,} characters, 99% at most {quantiles[1]:,}; "
        f"{lengths[0]:,} are empty or missing ({lengths[0] / rows:.2%})."
    )
    return Section("captions", heading, [sentence], [figure])


def no_column(text: Texts | None, column: str) -> str:
    """Return why the TSV does not tell what a section is about."""
    if text is None:
        return "There is no metadata-N.tsv here."
    return f"The configuration leaves the column {column} out of the TSV, which has {listed(text.columns)}."


def domains(last: int | None, text: Texts | None) -> Section:
    """Return the hosts that most URLs of product `last` name."""
    heading = "Top domains"
    if text is None or text.hosts is None:
        return Section("domains", heading, [no_column(text, URL)])
    most = text.hosts.most_common(HOSTS_SHOWN)
    shown = sum(count for _, count in most)
    sentence = (
        f"The hosts that most URLs in {METADATA.format(last=last)} name; these {len(most)} have "
        f"{shown / max(1, text.rows):.1%} of {text.rows:,} rows."
    )
    if text.without_host:
        sentence += f" {text.without_host:,} rows have no URL that names one."
    rows = [(host, count, f"{count:,} ({count / text.rows:.2%})") for host, count in most]
    about = "; ".join(f"{host}: {text}" for host, _, text in rows)
    figures = [Figure("Rows per host", charts.bars(rows, title="Rows per host", about=about))] if rows else []
    return Section("domains", heading, [sentence], figures)
