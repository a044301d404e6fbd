"""Charts as inline SVG: drawn 360 units wide, so that their letters can be read on a phone, and larger elsewhere.

Colours are classes, which the page's style sheet defines for light and dark. What a chart says is in its description,
too, for those who can't see it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 360
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 10, 36
BAR = 21
"""Height of a horizontal bar and its gap."""
LABELS = 6
"""Points at most that are labelled; more would overlap."""
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Scale:
    """Maps the numbers from `low` to `high` to places from `start` to `stop`, and knows round numbers between."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self, most: int) -> list[float]:
        """Return at most `most` + 1 round numbers (1, 2 or 5 times a power of ten) within the scale."""
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-6), math.floor(self.high / step + 1e-6)
        return [round(number * step, 12) for number in range(first, last + 1)]


@dataclass(frozen=True)
class Points:
    """Points of one kind: their legend, and the class that colours them."""

    name: str
    colour: str
    places: Sequence[tuple[float, float]]


def scatter(
    kinds: Sequence[Points], *, title: str, about: str, x_label: str, y_label: str, height: int = 190,
    y_range: tuple[float, float] | None = None, middle: float | None = None, whole_x: bool = False,
    labels: Sequence[tuple[float, float, str]] = (), size: float = 4, axes: bool = True,
) -> str:  # fmt: skip
    """Return an SVG of points, with a dashed line at `middle`; `labels` are (x, y, text).

    Without `axes`, the numbers along the sides are left out, where they mean nothing.
    """
    xs = [x for kind in kinds for x, _ in kind.places]
    ys = [y for kind in kinds for _, y in kind.places]
    x = Scale(*_padded(min(xs), max(xs), 0.5 if whole_x else 0), LEFT, WIDTH - RIGHT)
    y = Scale(*(y_range or _padded(min(ys), max(ys))), height - BOTTOM, TOP)
    parts = [_frame(x, y, height, x_label, y_label, whole_x, axes)]
    if middle is not None:
        parts.append(
            f'<line class="middle" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(middle):.1f}" y2="{y(middle):.1f}"/>'
        )
    for kind in kinds:
        path = "".join(f"M{x(px):.1f} {y(py):.1f}h0" for px, py in kind.places)
        parts.append(f'<path class="points {kind.colour}" stroke-width="{size}" d="{path}"/>')
    for px, py, text in list(labels)[:LABELS]:
        at = x(px)
        anchor, shift = ("end", -6) if at > WIDTH * 0.8 else ("start", 6)
        parts.append(_text(at + shift, y(py) + 4, text, anchor=anchor, kind="label"))
    return _svg(parts, height, title, about)


def histogram(
    edges: Sequence[float], counts: Sequence[int], *, title: str, about: str, x_label: str, y_label: str,
    marks: Sequence[float] = (), height: int = 190,
) -> str:  # fmt: skip
    """Return an SVG of bars between neighbouring edges, with dashed lines at `marks`; one edge more than counts."""
    x = Scale(edges[0], edges[-1], LEFT, WIDTH - RIGHT)
    y = Scale(0, max(*counts, 1) * 1.05, height - BOTTOM, TOP)
    parts = [_frame(x, y, height, x_label, y_label, whole_x=False, axes=True)]
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        if count:
            width = max(0.5, x(high) - x(low) - 1)
            parts.append(
                f'<rect class="bar" x="{x(low) + 0.5:.1f}" y="{y(count):.1f}" width="{width:.1f}" '
                f'height="{y(0) - y(count):.1f}"/>'
            )
    for mark in marks:
        parts.append(f'<line class="middle" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>')
    return _svg(parts, height, title, about)


def bars(rows: Sequence[tuple[str, float, str]], *, title: str, about: str) -> str:
    """Return an SVG of horizontal bars, from the top: (name, value, value as text). Names stand above their bars."""
    most = max([value for _, value, _ in rows], default=0) or 1
    parts = []
    for number, (name, value, text) in enumerate(rows):
        top = number * (BAR + 9)
        parts.append(_text(0, top + 12, _shortened(name), kind="name"))
        parts.append(_text(WIDTH, top + 12, text, anchor="end"))
        parts.append(f'<rect class="bar" x="0" y="{top + 17}" width="{max(1, value / most * WIDTH):.1f}" height="6"/>')
    return _svg(parts, len(rows) * (BAR + 9), title, about)


def number(value: float) -> str:
    """Return a number as an axis shows it: 12k, 3.5M, 0.02."""
    unit, letter = next((pair for pair in UNITS if abs(value) >= pair[0]), (1, ""))
    return f"{value / unit:.4g}{letter}".replace("-", "−")  # noqa: RUF001 - a minus sign


def _padded(low: float, high: float, least: float = 0.0) -> tuple[float, float]:
    """Return a range a little wider, so that no point lies on the frame; a range of no width gets one."""
    margin = max((high - low) * 0.06, least) or abs(high) * 0.06 or 1.0
    return low - margin, high + margin


def _frame(x: Scale, y: Scale, height: int, x_label: str, y_label: str, whole_x: bool, axes: bool) -> str:
    floor = height - BOTTOM
    parts = []
    if axes:
        for tick in y.ticks(4):
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
            parts.append(_text(LEFT - 5, y(tick) + 4, number(tick), anchor="end"))
        for tick in x.ticks(5):
            if not (whole_x and tick % 1):
                parts.append(_text(x(tick), floor + 14, number(tick), anchor="middle"))
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>')
    if not axes:
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{floor}"/>')
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, height - 6, x_label, anchor="middle", kind="unit"))
    middle = (TOP + floor) / 2
    parts.append(_text(10, middle, y_label, anchor="middle", kind="unit", turn=f' transform="rotate(-90 10 {middle})"'))
    return "".join(parts)


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "tick", turn: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{escape(text)}</text>'


def _shortened(name: str, most: int = 40) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _svg(parts: Sequence[str], height: int, title: str, about: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{escape(title)}</title><desc>{escape(about)}</desc>'
        + "".join(parts)
        + "</svg>"
    )
