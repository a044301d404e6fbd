"""The blocks about captions and URLs."""

import numpy as np
import pandas as pd

from laion2b import names
from laion2b.exports.names import CAPTION

from . import charts
from .exhibits import Block, Figure, listed
from .texts import URL, Texts

HOSTS_SHOWN = 15
BINS = 40


def captions(last: int | None, text: Texts | None) -> Block:
    """Return how long the captions of product `last` are."""
    heading = "Length of captions"
    if last is None or text is None or text.lengths is None:
        return Block(heading, [no_column(text, CAPTION)])
    lengths, rows = text.lengths, int(text.lengths.sum())
    if not rows:
        return Block(heading, ["The subset has no rows."])
    median, longest = np.searchsorted(np.cumsum(lengths), [rows * share for share in (0.5, 0.99)]).tolist()
    width = max(1, -(-longest // BINS))
    counts = [int(lengths[start : start + width].sum()) for start in range(0, BINS * width, width)]
    bins = pd.DataFrame({"low": range(0, BINS * width, width), "rows": counts}).assign(high=lambda bin: bin.low + width)
    about = f"Median {median} characters; one caption in a hundred is longer than {longest}."
    figure = Figure(f"Captions in {names.metadata(last)}", charts.histogram(bins, "characters", about, [median]))
    sentences = [
        f"Of {rows:,} captions, half have at most {median:,} characters, 99% at most {longest:,}.",
        f"{lengths[0]:,} captions are empty or missing ({lengths[0] / rows:.2%}).",
        f"The dashed line is the median. Longer captions, outside of the chart: {rows - sum(counts):,}.",
    ]
    return Block(heading, sentences, [figure])


def no_column(text: Texts | None, column: str) -> str:
    """Return why the TSV does not say what a block is about."""
    if text is None:
        return f"There is no {names.metadata('N')} here."
    return f"The configuration leaves the column {column} out of the TSV, which has {listed(text.columns)}."


def domains(last: int | None, text: Texts | None) -> Block:
    """Return the hosts that most URLs of product `last` name."""
    heading = "Top domains"
    if last is None or text is None or text.hosts is None:
        return Block(heading, [no_column(text, URL)])
    most = text.hosts.most_common(HOSTS_SHOWN)
    shown = sum(count for _, count in most)
    sentence = (
        f"The {len(most)} most frequent hosts in the URLs of {names.metadata(last)} have "
        f"{shown / max(1, text.rows):.1%} of {text.rows:,} rows."
    )
    if text.without_host:
        sentence += f" {text.without_host:,} rows have no URL with a host."
    if not most:
        return Block(heading, [sentence])
    frame = pd.DataFrame(most, columns=["name", "value"])
    frame["text"] = [f"{count:,} ({count / text.rows:.2%})" for count in frame["value"]]
    about = "; ".join(f"{each.name}: {each.text}" for each in frame.itertuples(index=False))
    return Block(heading, [sentence], [Figure("Rows per host", charts.bars(frame, about, name="host"))])
