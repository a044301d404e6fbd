"""What is known of the official subsets of the SISAP challenge, and whether a configuration is theirs.

Source: the page of datasets of the SISAP challenge (https://sisap-challenges.github.io/2024/datasets/), and the files
published there, read in 2026. The exact number of rows of the 30M subset was not published.
"""

from dataclasses import dataclass

import numpy as np

from . import DEFINITION_VERSION
from .shard import Definition

FIRST_PART = 1
DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption", "NSFW", "LICENSE", "url"], 768, DEFINITION_VERSION)

FIRST_CAPTION = b"ONA Prince Street Camera Messeng"
"""How the caption of the first row of each subset begins."""
FIRST_EMBEDDING = (-0.00198019, 0.0431597, -0.0124763, -0.042305, 0.0372077)
"""How the embedding of the first row of each subset begins, once it is scaled to norm 1."""
TOLERANCE = 1e-4
"""By how much numbers of an embedding may differ from published ones: float16 holds them no better."""


@dataclass(frozen=True)
class Subset:
    """An official subset: its name, the least and the most rows it may have, and how its last caption begins."""

    name: str
    fewest: int
    most: int
    last_caption: bytes | None = None

    def agrees(self, rows: int) -> bool:
        """Tell whether this may be how many rows the subset has."""
        return self.fewest <= rows <= self.most

    def __str__(self) -> str:
        rows = f"{self.fewest:,}" if self.fewest == self.most else f"between {self.fewest:,} and {self.most:,}"
        return f"{rows} rows ({self.name})"


SUBSETS = {
    11: Subset("10M", 10_120_191, 10_120_191, b"Adding new hardware can add a mo"),
    33: Subset("30M", 30_369_241, 30_369_255),
    111: Subset("100M", 102_144_212, 102_144_212),
}
"""The subsets by their last part."""


def subset(definition: Definition, first_part: int, last_part: int) -> Subset | None:
    """Return the official subset that a definition and a range of parts mean, or None if they mean none."""
    return SUBSETS.get(last_part) if definition == DEFINITION and first_part == FIRST_PART else None


def is_first(embedding: np.ndarray) -> bool:
    """Tell whether an embedding, shape (dimensions,), is the first one of the official subsets."""
    embedding = embedding.astype(np.float64)
    norm = np.linalg.norm(embedding)
    return bool(norm) and bool(np.allclose(embedding[: len(FIRST_EMBEDDING)] / norm, FIRST_EMBEDDING, atol=TOLERANCE))
