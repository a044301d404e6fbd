"""The contents of the page, in its order."""

from pathlib import Path

from laion2b import names
from laion2b.shards.definition import Definition

from . import (
    about_embeddings,
    about_gold,
    about_jobs,
    about_parts,
    about_samples,
    about_texts,
    examples,
    gather,
    sample,
    texts,
)
from .exhibits import Section
from .header import Header, header


def contents(
    folder: Path, definition: Definition, first_part: int, name: str = names.NAME
) -> tuple[Header, list[Section]]:
    """Return the head and all sections of the page about the subsets of a name.

    Raises ShardError if a product can't be read.
    """
    embeddings = names.subsets(folder, names.embeddings(name=name))
    metadata = names.subsets(folder, names.metadata())
    golds = names.subsets(folder, names.gold())
    counted = {last: sample.count(file, folder / names.verified(last)) for last, file in embeddings.items()}
    rows = {last: each.rows for last, each in counted.items()}
    shards, others = gather.shards(folder, definition)
    hosts, rules = gather.hosts(folder), gather.rules(folder)
    # Of the subsets with both products, the smallest with a gold standard is looked at, else the smallest.
    pairs = [last for last in embeddings if last in metadata]
    both = min(pairs, key=lambda last: (last not in golds, last), default=None)
    draw, rows_of_both = examples.NOTHING, 0
    if both is not None:
        rows_of_both = rows[both]
        draw = examples.of_gold(golds[both], rows[both]) if both in golds else draw
        draw = draw if draw.drawn else examples.of_sample(embeddings[both])
    read = both if both is not None else next(iter(metadata), None)
    text = texts.read(metadata[read], draw.rows()) if read is not None else None
    families = {shard.family for shard in shards if shard.family}
    made_up = gather.is_made_up(families)
    published = about_parts.rows(counted, definition, first_part, families, is_made_up=made_up)
    examples_of_both = about_samples.samples(both, draw, text, rows_of_both, is_made_up=made_up, name=name)
    sections = [
        Section("rows", "Rows", [published]),
        Section("parts", "Parts", [about_parts.kept(shards, others), about_parts.tags(shards)]),
        Section("samples", "Samples", [examples_of_both]),
        Section("gold", "Neighbors", [about_gold.gold(golds, rules)]),
        Section("embeddings", "Embeddings", [about_embeddings.norms(counted), about_embeddings.duplicates(counted)]),
        Section("texts", "Captions and URLs", [about_texts.captions(read, text), about_texts.domains(read, text)]),
        Section("work", "Work", [about_jobs.downloads(hosts), about_jobs.rules(rules)]),
    ]
    return header(folder, definition, first_part, hosts, rows, name, families), sections
