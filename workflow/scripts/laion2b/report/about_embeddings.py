"""The sections about embeddings: their norms, their duplicates, and a picture of a sample."""

from collections.abc import Mapping, Sequence

import numpy as np

from laion2b.standing import EMBEDDINGS

from . import charts
from .about_parts import OTHER, tag_name
from .about_texts import no_column
from .exhibits import Figure, Section, Table, listed
from .sample import MOST_ROWS, Counted
from .texts import TAG, Texts


def norms(counted: Mapping[int, Counted]) -> Section:
    """Return the distribution of norms in the largest product, and the odd rows of each."""
    heading = "Norms of the embeddings"
    if not counted:
        return Section("norms", heading, ["There is no laion2B-N.h5 here."])
    last, largest = list(counted.items())[-1]
    found = largest.statistics
    norms = found["norms"]
    micro = [edge * 1e6 for edge in norms["edges"]]
    beyond = norms["below"] + norms["above"]
    figure = Figure(
        f"Norms in {EMBEDDINGS.format(last=last)}",
        charts.histogram(
            micro, norms["counts"], title="Distribution of norms",
            about=f"{found['rows']:,} rows; {found['unusual']:,} of them deviate from 1 by more than the tolerance.",
            x_label="norm − 1, millionths", y_label="rows", marks=[m * found["tolerance"] * 1e6 for m in (-1, 1)],  # noqa: RUF001
        ),
        "Between the dashed lines is what rounding to float16 makes of norm 1."
        + (f" Rows outside of the chart: {beyond:,}." if beyond else ""),
    )  # fmt: skip
    rows = [
        [
            EMBEDDINGS.format(last=last),
            _basis(each),
            *(f"{each.statistics[key]:,}" for key in ("zero", "not_finite", "unusual")),
        ]
        for last, each in counted.items()
    ]
    table = Table(["product", "rows read", "all zero", "NaN or infinite", "other norm than 1"], rows)
    return Section("norms", heading, [_method(counted)], [figure], table)


def _basis(each: Counted) -> str:
    return f"all {each.rows:,}" if each.is_whole() else f"{each.statistics['rows']:,} of {each.rows:,}"


def _method(counted: Mapping[int, Counted]) -> str:
    """Return where the statistics come from."""
    verified = [f"verify-{last}.json" for last, each in counted.items() if each.is_verified]
    sampled = any(not each.is_whole() for each in counted.values())
    sentences = [f"As {listed(verified)} {'says' if len(verified) == 1 else 'say'}."] if verified else []
    if sampled:
        sentences.append(f"Of products that are not verified, about {MOST_ROWS:,} evenly spread rows were read.")
    elif len(verified) < len(counted):
        sentences.append("All rows were read." if not verified else "Of the others, all rows were read.")
    return " ".join(sentences)


def duplicates(counted: Mapping[int, Counted]) -> Section:
    """Return how many rows of each product are exact duplicates."""
    heading = "Exact duplicates"
    if not counted:
        return Section("duplicates", heading, ["There is no laion2B-N.h5 here."])
    rows = []
    for last, each in counted.items():
        found = each.statistics["duplicates"]
        seen = each.statistics["rows"] or 1
        about = "" if found["classes"] == 1 else "about "
        rows.append(
            [EMBEDDINGS.format(last=last), _basis(each), f"{about}{found['vectors']:,}", f"{about}{found['rows']:,}",
             f"{found['rows'] / seen:.2%}", f"{found['largest_group']:,}"]
        )  # fmt: skip
    text = [
        "Embeddings that are equal to the bit, by their XXH3; rows that are all zero are not counted. The subsets are "
        "published with their duplicates, and nothing removes them.",
        _method(counted),
    ]
    if any(not each.is_whole() for each in counted.values()):
        text.append(
            "In a sample, most copies of a vector are not met, so a whole product has more duplicates than this."
        )
    if any(each.statistics["duplicates"]["classes"] > 1 for each in counted.values()):
        text.append(
            "Where it says “about”, one vector in so many was followed, and a larger group may have been missed."
        )
    head = ["product", "rows read", "vectors that repeat", "rows that hold one", "share", "largest group"]
    return Section("duplicates", heading, text, [], Table(head, rows))


def components(
    last: int | None,
    counted: Mapping[int, Counted],
    text: Texts | None,
    places: np.ndarray,
    shares: np.ndarray,
    colours: Mapping[str, str],
) -> Section:
    """Return the picture of a sample of product `last`: `places` (n, 2), by tag, and the axes' `shares` (2,)."""
    heading = "Embeddings by principal components"
    if last is None or not len(places):
        return Section("components", heading, ["There are no rows with both embeddings and metadata to draw."])
    sentences = []
    tags = None
    if text.tags is None:
        sentences.append(no_column(text, TAG))
    elif text.rows != counted[last].rows:
        sentences.append(
            f"The TSV has {text.rows:,} rows, the embeddings {counted[last].rows:,}, so tags can't be told."
        )
    else:
        tags = [tag_name(tag) for tag in text.tags]
    kinds = _kinds(places, tags, colours)
    percent = [f"{share:.1%}" for share in shares]
    figure = Figure(
        f"A sample of {EMBEDDINGS.format(last=last)}",
        charts.scatter(
            kinds, title="The first two principal components of a sample, coloured by tag",
            height=330, size=2.6, axes=False,
            about=f"{len(places):,} rows: " + ", ".join(f"{kind.name} {len(kind.places):,}" for kind in kinds) + ".",
            x_label=f"first component ({percent[0]} of the variance)", y_label=f"second component ({percent[1]})",
        ),
        f"{len(places):,} rows from all over the product, without zero rows; the rarer tags are drawn last.",
        [(kind.colour, f"{kind.name} ({len(kind.places):,})") for kind in kinds] if tags else [],
    )  # fmt: skip
    return Section("components", heading, sentences, [figure])


def _kinds(places: np.ndarray, tags: Sequence[str] | None, colours: Mapping[str, str]) -> list[charts.Points]:
    """Return the points of each tag, the most frequent first; tags without a colour of their own are one kind."""
    if tags is None:
        return [charts.Points("rows", "c1", places.tolist())]
    groups: dict[str, list] = {}
    for place, tag in zip(places.tolist(), tags, strict=True):
        groups.setdefault(tag if tag in colours else "other tags", []).append(place)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [charts.Points(name, colours.get(name, OTHER), points) for name, points in ordered]
