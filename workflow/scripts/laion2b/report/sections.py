"""The contents of the page, in its order."""

from pathlib import Path

import numpy as np

from laion2b.shard import Definition
from laion2b.standing import EMBEDDINGS, METADATA, VERIFIED, subsets

from . import about_embeddings, about_jobs, about_parts, about_texts, records, sample, texts
from .exhibits import Section


def sections(folder: Path, definition: Definition, first_part: int) -> list[Section]:
    """Return all sections about what stands in `folder`. Raises ShardError if a product can't be read."""
    embeddings = subsets(folder, EMBEDDINGS)
    metadata = subsets(folder, METADATA)
    counted = {last: sample.count(file, folder / VERIFIED.format(last=last)) for last, file in embeddings.items()}
    shards, others = records.shards(folder, definition)
    both = next((last for last in embeddings if last in metadata), None)
    rows, places, shares = (
        sample.principal_components(embeddings[both]) if both is not None else (np.empty(0, int),) * 3
    )
    smallest = both if both is not None else next(iter(metadata), None)
    text = texts.read(metadata[smallest], rows) if smallest is not None else None
    colours = about_parts.colours_of_tags(shards)
    return [
        about_parts.rows(counted, definition, first_part),
        about_parts.kept(shards, others),
        about_parts.tags(shards, colours),
        about_embeddings.norms(counted),
        about_embeddings.duplicates(counted),
        about_texts.captions(smallest, text),
        about_texts.domains(smallest, text),
        about_embeddings.components(both, counted, text, places, shares, colours),
        about_jobs.downloads(records.mirrors(folder)),
        about_jobs.rules(records.rules(folder)),
    ]
