"""The charts, as specifications in Vega-Lite, which the page draws in the browser.

Colours are names of the page's style sheet (`var(--c1)`), which defines them for light and dark: so a chart changes
with the page and is never drawn again for it.
"""

import math
from collections.abc import Sequence

import altair as alt
import pandas as pd

MARGIN = 0.06
"""How much wider than its points a scale is."""
LABELS = 6
"""Outliers at most that are labelled; more would overlap."""
NAMES_WIDTH = 150
"""Pixels of the names next to bars; a longer name is cut, and its tooltip has all of it."""
TEXT_WIDTH = 115
"""Pixels for the texts at the ends of bars."""
ZOOM_KEY = "event.ctrlKey || event.metaKey"
"""The wheel alone moves the page."""

THEME = {
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "view": {"stroke": None},
    "mark": {"color": "var(--c1)"},
    "rule": {"color": "var(--ink)", "strokeDash": [4, 3]},
    "text": {"color": "var(--ink)", "fontSize": 11},
    "axis": {
        "labelColor": "var(--quiet)", "titleColor": "var(--quiet)", "gridColor": "var(--line)",
        "domainColor": "var(--axis)", "tickColor": "var(--axis)", "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": "normal", "titlePadding": 8, "labelOverlap": True,
    },
    "legend": {"labelColor": "var(--quiet)", "titleColor": "var(--quiet)", "labelFontSize": 11, "titleFontSize": 11},
}  # fmt: skip


def shares(parts: pd.DataFrame, y_title: str, about: str, *, middle: float | None = None, height: int = 200) -> dict:
    """Return dots of `share`, from 0 to 1, per `part`, with a dashed line at `middle`.

    Tooltips also show the columns `of` (rows) and `kind`; a dot whose kind is "outlier" is marked.
    """
    low, high = parts["share"].min(), parts["share"].max()
    y = alt.Y(
        "share:Q",
        title=y_title,
        axis=alt.Axis(format=_percent(high - low), tickCount=4),
        scale=_within(low, high, 0, 1),
    )
    ends = parts["part"].min() - 0.5, parts["part"].max() + 0.5
    x = alt.X("part:Q", title="part", axis=alt.Axis(format="d", tickMinStep=1), scale=_between(*ends))
    zoom = alt.selection_interval(
        name="zoom", bind="scales", encodings=["x", "y"], zoom=f"wheel![{ZOOM_KEY}]", clear="dblclick"
    )
    kinds = alt.Scale(domain=["usual", "outlier"], range=["var(--c1)", "var(--odd)"])
    tooltip = [
        alt.Tooltip("part:Q", title="part", format="d"),
        alt.Tooltip("share:Q", title=y_title, format=".4~p"),
        alt.Tooltip("rows:Q", title="rows", format=","),
        alt.Tooltip("of:Q", title="of", format=","),
    ]
    dots = (
        alt.Chart(parts)
        .mark_circle(size=_size(len(parts)), opacity=0.85, clip=True)
        .encode(x=x, y=y, color=alt.Color("kind:N", scale=kinds, legend=None), tooltip=tooltip)
        .add_params(zoom)
    )
    layers = [dots]
    if middle is not None:
        layers.insert(0, alt.Chart(pd.DataFrame({"share": [middle]})).mark_rule().encode(y="share:Q"))
    outliers = parts[parts["kind"] == "outlier"].head(LABELS)
    if len(outliers):
        labels = alt.Chart(outliers).mark_text(dx=7, align="left", clip=True)
        layers.append(labels.encode(x="part:Q", y="share:Q", text=alt.Text("part:Q", format="d")))
    return _finished(alt.layer(*layers), about, height)


def histogram(bins: pd.DataFrame, x_title: str, about: str, marks: Sequence[float]) -> dict:
    """Return bars of `rows` from `low` to `high`, with dashed lines at `marks`."""
    ends = bins["low"].min(), bins["high"].max()
    x = alt.X("low:Q", title=x_title, bin="binned", axis=alt.Axis(tickCount=6), scale=_between(*ends))
    tooltip = [alt.Tooltip("low:Q", title="from"), alt.Tooltip("high:Q", title="to"), alt.Tooltip("rows:Q", format=",")]
    bars = (
        alt.Chart(bins)
        .mark_bar()
        .encode(x=x, x2="high:Q", y=alt.Y("rows:Q", axis=alt.Axis(format="~s", tickCount=4)), tooltip=tooltip)
    )
    lines = alt.Chart(pd.DataFrame({"low": list(marks)})).mark_rule().encode(x="low:Q")
    return _finished(bars + lines, about, 200)


def bars(rows: pd.DataFrame, about: str, *, name: str) -> dict:
    """Return a horizontal bar per row, from the top: its `name`, its `value`, and the `text` at its end."""
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=NAMES_WIDTH, domain=False, ticks=False))
    room = alt.ExprRef(expr=f"width - {TEXT_WIDTH}")
    scale = alt.Scale(domain=[0, float(rows["value"].max() or 1)], range=[0, room], nice=False)
    base = alt.Chart(rows).encode(
        y=y, x=alt.X("value:Q", axis=None, scale=scale),
        tooltip=[alt.Tooltip("name:N", title=name), alt.Tooltip("text:N", title=" ")],
    )  # fmt: skip
    chart = base.mark_bar(height=10) + base.mark_text(align="left", dx=5).encode(text="text:N")
    return _finished(chart, about, 24 * len(rows))


def distances(ranks: pd.DataFrame, about: str) -> dict:
    """Return lines of the `median` distance at each `rank`, one per `gold`, within the band from `low` to `high`."""
    x = alt.X("rank:Q", title="rank", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(format="d", tickCount=5))
    golds = list(dict.fromkeys(ranks["gold"]))
    colours = alt.Scale(domain=golds, range=[f"var(--c{1 + number % 4})" for number in range(len(golds))])
    legend = alt.Legend(title=None, orient="top") if len(golds) > 1 else None
    scale = _within(ranks["low"].min(), ranks["high"].max())
    tooltip = [
        alt.Tooltip("gold:N", title="gold standard"), alt.Tooltip("rank:Q", format=","),
        alt.Tooltip("low:Q", title="5 % of queries", format=".4f"), alt.Tooltip("median:Q", format=".4f"),
        alt.Tooltip("high:Q", title="95 % of queries", format=".4f"),
    ]  # fmt: skip
    base = alt.Chart(ranks).encode(x=x, color=alt.Color("gold:N", scale=colours, legend=legend), tooltip=tooltip)
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title="distance", scale=scale), y2="high:Q")
    line = base.mark_line(point=alt.OverlayMarkDef(size=28)).encode(y="median:Q")
    return _finished(band + line, about, 240)


def _within(low: float, high: float, least: float | None = None, most: float | None = None) -> alt.Scale:
    """Return a scale a little wider than from `low` to `high`, but not below `least` or above `most`."""
    margin = (high - low) * MARGIN or abs(high) * MARGIN or MARGIN
    low = low - margin if least is None else max(least, low - margin)
    high = high + margin if most is None else min(most, high + margin)
    return _between(low, high)


def _between(low: float, high: float) -> alt.Scale:
    return alt.Scale(domain=[float(low), float(high)], nice=False, zero=False)


def _percent(span: float) -> str:
    """Return the format of shares on an axis that is about `span` long: as many digits as keep its numbers apart."""
    return f".{max(0, math.ceil(-math.log10(span * 100)) + 1)}~%" if span else ".3~p"


def _size(points: int) -> int:
    return 55 if points <= 60 else 32 if points <= 300 else 16


def _finished(chart: alt.LayerChart | alt.FacetChart, about: str, height: int) -> dict:
    """Return the specification of a chart as wide as its place. `about` describes it to those who can't see it."""
    spec = chart.properties(width="container", height=height, description=about).to_dict()
    del spec["$schema"], spec["config"]  # the page has one theme for all, and asks no other site for anything
    return spec
