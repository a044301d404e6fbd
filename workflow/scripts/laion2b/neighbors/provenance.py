"""Say of a gold standard what it is made of. What varies from machine to machine is here, and not in gold-N.h5."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from laion2b.parts import record
from laion2b.subsets.provenance import software

from .definition import Definition
from .gold import FORMULAS
from .results import Record


def provenance(
    gold: Path, queries: Path, queries_count: int, queries_xxh3: str, definition: Definition,
    results: Sequence[Record], again: Mapping, repository: Path,
) -> dict:  # fmt: skip
    """Return the provenance of a gold standard, as JSON holds it. Reads the file once, for its SHA-256."""
    files = [
        {"file": file.name, "size": file.stat().st_size, "sha256": record.sha256_of(file)} for file in (gold, queries)
    ]
    return {
        "gold": files[0],
        "queries": files[1] | {"count": queries_count, "xxh3": queries_xxh3, "definition": definition.queries},
        "metric": definition.metric,
        "formula": FORMULAS[definition.metric],
        "neighbors": definition.neighbors,
        "version": definition.version,
        "rows": sum(result.rows for result in results),
        "rows_that_can_be_neighbors": sum(result.candidates for result in results),
        "certificate": {
            "pairs_of_a_query_and_a_shard": queries_count * len(results),
            "proven_by_the_first_search": queries_count * len(results) - sum(each.searched_again for each in results),
            "searched_again_exactly": sum(result.searched_again for result in results),
            "searched_again_for_this_subset": again.get("pairs", 0),
        },
        "written": record.now(),
        "software": software(repository),
        "shards": [{key: value for key, value in asdict(result).items() if key != "definition"} for result in results],
    }
