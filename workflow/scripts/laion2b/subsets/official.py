"""The official subsets of the SISAP challenge: all that is published of them, and whether a configuration is theirs.

Sources:

- The page of datasets of the challenge (https://sisap-challenges.github.io/2024/datasets/), and the files published
  there, read in 2026.
- The md5 sums: `dataset-files-md5.txt` of 2023 and of 2024, in a copy of
  https://github.com/sisap-challenges/sisap-challenges.github.io that was read on 22 November 2026.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from laion2b import DEFINITION_VERSION
from laion2b.names import NAME
from laion2b.shards.definition import Definition

from .definition import FAMILY

FIRST_PART = 1
DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption", "NSFW", "LICENSE", "url"], 768, DEFINITION_VERSION)

QUERIES_MD5 = "257b9eb3f7f25776e0d33b22451b7b32"
"""md5 of the public queries of 2023."""
FIRST_CAPTION = b"ONA Prince Street Camera Messeng"
"""How the caption of the first row of each subset begins."""
FIRST_EMBEDDING = (-0.00198019, 0.0431597, -0.0124763, -0.042305, 0.0372077)
"""How the embedding of the first row of each subset begins, when it is scaled to norm 1."""
TOLERANCE = 1e-4
"""How much numbers of an embedding may differ from published ones. float16 is not more exact."""


@dataclass(frozen=True)
class Subset:
    """An official subset. All of them begin at part 1, with the same row."""

    name: str
    last: int
    """Number of the last part."""
    fewest: int
    """Rows that it has at least."""
    most: int
    """Rows that it has at most."""
    md5: str
    """The md5 of the published JLD2 file, which holds the embeddings. Another count of rows gives another md5."""
    last_caption: bytes | None = None
    """How the caption of the last row begins, where that is published."""

    def agrees(self, rows: int) -> bool:
        """Return whether the subset may have this many rows."""
        return self.fewest <= rows <= self.most

    def __str__(self) -> str:
        rows = f"{self.fewest:,}" if self.fewest == self.most else f"between {self.fewest:,} and {self.most:,}"
        return f"{rows} rows ({self.name})"


SUBSETS = {
    each.last: each
    for each in (
        Subset(
            "10M", 11, 10_120_191, 10_120_191, "c05e4b1d2b2a0c7663ac9767753e25e1", b"Adding new hardware can add a mo"
        ),
        Subset("30M", 33, 30_369_241, 30_369_255, "15a24d28d2304e14711e23baf7fe86a4"),
        Subset("100M", 111, 102_144_212, 102_144_212, "9d8ee3347b1edf136b3ef38162ac05c3"),
    )
}
"""The subsets by their last part. The exact number of rows of the 30M subset is not published."""


def subset(
    definition: Definition,
    first_part: int,
    last_part: int | None,
    name: str = NAME,
    families: Iterable[str | None] = (),
) -> Subset | None:
    """Return the official subset with this definition, range of parts, name and families, or None.

    `families` are those of the parts, without those that are not known.
    """
    return SUBSETS.get(last_part) if last_part and is_meant(definition, first_part, name, families) else None


def is_meant(definition: Definition, first_part: int, name: str, families: Iterable[str | None]) -> bool:
    """Tell whether the official subsets have this definition, first part, name and families."""
    return (definition, first_part, name) == (DEFINITION, FIRST_PART, NAME) and set(families) <= {FAMILY}


def is_first(embedding: np.ndarray) -> bool:
    """Return whether an embedding, shape (dimensions,), is the first one of the official subsets."""
    embedding = embedding.astype(np.float64)
    norm = np.linalg.norm(embedding)
    return bool(norm) and bool(np.allclose(embedding[: len(FIRST_EMBEDDING)] / norm, FIRST_EMBEDDING, atol=TOLERANCE))
