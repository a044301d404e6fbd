"""Make parts like those of LAION2B-en: upstream layout, all 15 columns, odd captions, realistic shares of tags.

Everything follows from the part's number, so a part has the same bytes each time.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

EMBEDDINGS = "img_emb/img_emb_{part:04d}.npy"
METADATA = "laion2B-en-metadata/metadata_{part:04d}.parquet"

PARTS = 2314
"""Parts of the family; its image archives went to the parts in turn."""
ARCHIVE = 10_000
"""Rows of an archive, whose number is followed by the row's own in each key."""
TAGS = ("UNLIKELY", "UNSURE", "NSFW", "", "UNKNOWN", None)
SHARES = (0.9290, 0.0504, 0.0190, 0.0004, 0.0002, 0.0010)
WORDS = ("of", "the", "a", "in", "with", "2019", "café", "Zürich", "東京", "🎨")
SYLLABLES = ("ba", "cor", "di", "el", "fan", "gre", "hu", "in", "jo", "ka", "lor", "mi", "nus", "o", "pre", "qui", "ra",
             "sen", "ti", "ver")  # fmt: skip
VOCABULARY = np.array([*WORDS, *map("".join, itertools.product(SYLLABLES, repeat=3))])
"""Words from the most to the least frequent."""
NASTY = (
    "tab\there", "line\nbreak", 'a "quoted" word', "carriage\rreturn", "", None, " spaces ", "#hash", "=1+1",
    "back\\slash", "nul\x00byte", '"', "\t\n\"", "NA", "null", "\ufeffbom",
    "e\u0301 combining", "\r\n",
)  # fmt: skip


def templates(base: str | Path) -> dict[str, str]:
    """Return the pair of templates for a mirror in the upstream layout."""
    return {"embeddings": f"{base}/{EMBEDDINGS}", "metadata": f"{base}/{METADATA}"}


def embeddings(part: int, rows: int, dimensions: int = 768) -> np.ndarray:
    """Return float16 embeddings of shape (rows, dimensions), of nearly unit norm, some zero, some repeated."""
    random = np.random.default_rng([part, 0])
    matrix = np.empty((rows, dimensions), np.float16)
    for start in range(0, rows, 10_000):
        block = random.standard_normal((min(10_000, rows - start), dimensions), np.float32)
        matrix[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    if rows > 50:
        matrix[rows // 3] = 0
        matrix[rows // 2] = matrix[rows // 4]
    return matrix


def metadata(part: int, rows: int) -> pa.Table:
    """Return the table of a part, with the columns and the types of upstream."""
    random = np.random.default_rng([part, 1])
    words = VOCABULARY[random.zipf(1.2, size=(rows, 16)) % len(VOCABULARY)]
    lengths = random.integers(3, 17, size=rows)
    caption: list[str | None] = [" ".join(line[:length]) for line, length in zip(words, lengths, strict=True)]
    for row in np.flatnonzero(random.random(rows) < 0.05):
        caption[row] = NASTY[random.integers(len(NASTY))]
    tags = random.choice(len(TAGS), size=rows, p=SHARES)
    width, height = random.integers(64, 4000, size=(2, rows))
    key = [f"{(part + PARTS * (row // ARCHIVE)) * ARCHIVE + row % ARCHIVE:09d}" for row in range(rows)]
    similarity = np.where(random.random(rows) < 0.001, np.nan, random.normal(0.33, 0.03, rows))
    return pa.table(
        {
            "image_path": [f"{each[:5]}/{each}.jpg" for each in key],
            "caption": caption,
            "NSFW": [TAGS[tag] for tag in tags],
            "similarity": pa.array(similarity, from_pandas=True),
            "LICENSE": pa.array(
                np.where(random.random(rows) < 0.97, "?", "https://creativecommons.org/licenses/by/4.0/")
            ),
            "url": [
                f"https://cdn{row % 97}.example.com/images/{name[:2]}/{name[2:]}.jpg?w={width[row]}"
                for row, name in enumerate(_hex(random, rows))
            ],
            "key": key,
            "status": ["success"] * rows,
            "error_message": pa.nulls(rows),
            "width": width,
            "height": height,
            "original_width": width * 2,
            "original_height": height * 2,
            "exif": ['{"Image Orientation": "Horizontal (normal)"}'] * rows,
            "md5": _hex(random, rows),
        }
    )


def _hex(random: np.random.Generator, rows: int) -> list[str]:
    """Return random names of 32 hexadecimal digits, as hashes are."""
    noise = random.bytes(16 * rows).hex()
    return [noise[start : start + 32] for start in range(0, len(noise), 32)]


def write_parts(folder: Path, parts: Iterable[int], rows: int) -> Path:
    """Write parts, each with so many rows and as many more as its number, and return the folder."""
    for part in parts:
        write_part(folder, part, rows + part)
    return folder


def write_part(folder: Path, part: int, rows: int, dimensions: int = 768) -> tuple[Path, Path]:
    """Write one part in the layout of the upstream mirror and return its two files."""
    files = folder / EMBEDDINGS.format(part=part), folder / METADATA.format(part=part)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
    np.save(files[0], embeddings(part, rows, dimensions))
    pq.write_table(metadata(part, rows), files[1], compression="snappy")
    return files
