"""The blocks about embeddings: their norms and their duplicates."""

from collections.abc import Mapping

import pandas as pd

from laion2b import names

from . import charts
from .exhibits import Block, Figure, Table, listed
from .sample import MOST_ROWS, Counted


def norms(counted: Mapping[int, Counted]) -> Block:
    """Return the distribution of norms in the largest product, and the odd rows of each."""
    heading = "Norms"
    if not counted:
        return Block(heading, ["There are no embeddings of a subset here."])
    largest = list(counted.values())[-1]
    found = largest.statistics
    bins = found["norms"]
    frame = pd.DataFrame({"low": bins["edges"][:-1], "high": bins["edges"][1:]}).mul(1e6).round(3)
    beyond = bins["below"] + bins["above"]
    about = f"{found['rows']:,} rows; {found['unusual']:,} of them deviate from 1 by more than the tolerance."
    marks = [sign * found["tolerance"] * 1e6 for sign in (-1, 1)]
    figure = Figure(
        f"Norms in {largest.file}",
        charts.histogram(frame.assign(rows=bins["counts"]), "norm - 1, millionths", about, marks),
    )
    text = [_method(counted), "Between the dashed lines is what rounding to float16 makes of norm 1."]
    if beyond:
        text.append(f"Rows outside of the chart: {beyond:,}.")
    rows = [
        [
            each.file,
            _basis(each),
            *(f"{each.statistics[key]:,}" for key in ("zero", "not_finite", "unusual")),
        ]
        for each in counted.values()
    ]
    table = Table(["product", "rows read", "all zero", "NaN or infinite", "other norm than 1"], rows)
    return Block(heading, text, [figure], table)


def _basis(each: Counted) -> str:
    return f"all {each.rows:,}" if each.is_whole() else f"{each.statistics['rows']:,} of {each.rows:,}"


def _method(counted: Mapping[int, Counted]) -> str:
    """Return where the statistics come from."""
    verified = [names.verified(last) for last, each in counted.items() if each.is_verified]
    sampled = any(not each.is_whole() for each in counted.values())
    sentences = [f"As {listed(verified)} {'says' if len(verified) == 1 else 'say'}."] if verified else []
    if sampled:
        sentences.append(f"Of products that are not verified, about {MOST_ROWS:,} evenly spread rows were read.")
    elif len(verified) < len(counted):
        sentences.append("All rows were read." if not verified else "Of the others, all rows were read.")
    return " ".join(sentences)


def duplicates(counted: Mapping[int, Counted]) -> Block:
    """Return how many rows of each product are exact duplicates."""
    heading = "Exact duplicates"
    if not counted:
        return Block(heading, ["There are no embeddings of a subset here."])
    rows = []
    for each in counted.values():
        found = each.statistics["duplicates"]
        seen = each.statistics["rows"] or 1
        about = "" if found["classes"] == 1 else "about "
        rows.append(
            [each.file, _basis(each), f"{about}{found['vectors']:,}", f"{about}{found['rows']:,}",
             f"{found['rows'] / seen:.2%}", f"{found['largest_group']:,}"]
        )  # fmt: skip
    text = [
        "Duplicates are rows with the same bits (their XXH3 is equal). Rows that are all zero are not counted. The "
        "subsets are published with their duplicates, and this workflow keeps them.",
        _method(counted),
    ]
    if any(not each.is_whole() for each in counted.values()):
        text.append("A sample holds few of the copies of a row. The whole product has more duplicates than this.")
    if any(each.statistics["duplicates"]["classes"] > 1 for each in counted.values()):
        text.append("“About” means that one row in so many was followed. A larger group may have been missed.")
    head = ["product", "rows read", "rows that repeat", "with their copies", "share", "largest group"]
    return Block(heading, text, [], Table(head, rows))
