"""The block of examples: captions of rows that are near each other."""

from laion2b import names
from laion2b.exports.names import CAPTION

from .about_texts import no_column
from .examples import Draw
from .exhibits import Block, Example
from .texts import Texts

HEADING = "Are rows and captions in step?"
MOST_SHOWN = 240
"""Characters of a caption that are shown."""
VISIBLE: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
}
"""The signs that are shown for control characters, which a browser hides or obeys."""


def samples(
    last: int | None, draw: Draw, text: Texts | None, rows: int, *, is_made_up: bool, name: str = names.NAME
) -> Block:
    """Return examples of product `last`, which has so many `rows`."""
    if last is None:
        return Block(HEADING, ["There is no subset with both embeddings and metadata here."])
    if text is None or text.captions is None:
        return Block(HEADING, [no_column(text, CAPTION)])
    if text.rows != rows:
        return Block(
            HEADING,
            [f"No: {names.metadata(last)} has {text.rows:,} rows, and {names.embeddings(last, name)} has {rows:,}."],
        )
    if not draw.drawn:
        return Block(HEADING, [f"{names.embeddings(last, name)} has too few rows to compare any."])
    captions = {row: shown(caption) for row, caption in text.captions.items()}
    examples = [
        Example(
            f"query {each.number:,}" if draw.of_queries else f"row {each.number:,}",
            None if draw.of_queries else captions[each.number],
            [(f"{distance:.3f}", captions[row]) for row, distance in each.near],
        )
        for each in draw.drawn
    ]
    return Block(HEADING, _text(last, draw, is_made_up, name), examples=examples)


def _text(last: int, draw: Draw, is_made_up: bool, name: str) -> list[str]:
    where = (
        names.gold(last) if draw.of_queries else f"a sample of {draw.sampled:,} rows of {names.embeddings(last, name)}"
    )
    what = "queries" if draw.of_queries else "rows"
    text = [
        f"{len(draw.drawn)} {what}, drawn at random, and the captions of their nearest rows in {where}. The numbers "
        "are distances. If rows and captions are in step, the captions in one box are about similar things."
    ]
    if is_made_up:
        text.append("These data are made up: captions and embeddings are random, so nothing here is similar.")
    return text


def shown(caption: str) -> str:
    """Return a caption as the page shows it: with signs for control characters, and not too long."""
    caption = caption.translate(VISIBLE) or "(empty)"
    return caption if len(caption) <= MOST_SHOWN else f"{caption[:MOST_SHOWN]}…"
