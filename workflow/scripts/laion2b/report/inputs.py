"""What the report reads. The rules ask it, so it imports nothing that has to be installed."""

from pathlib import Path

from laion2b import names
from laion2b.errors import ConfigError


def report_inputs(folder: Path, name: str = names.NAME) -> list[Path]:
    """Return the files that the report about the subsets of a name reads. Raises ConfigError if there is no product."""
    found = [
        *names.subsets(folder, names.embeddings(name=name)).values(),
        *names.subsets(folder, names.metadata()).values(),
    ]
    if not found:
        raise ConfigError(
            f"{names.REPORT} shows finished products, and there are none here: no {names.embeddings('N', name)} and no "
            f"{names.metadata('N')}. The report builds none itself. Build a subset first, such as "
            f"{' and '.join(names.products(2, name))}, or name the folder of one with --directory."
        )
    patterns = [names.verified(), names.jld2(), names.gold(), names.gold_provenance(), names.verified_gold()]
    patterns += [str(names.failed(Path(check))) for check in (names.verified(), names.verified_gold())]
    said = [file for pattern in patterns for file in names.subsets(folder, pattern).values()]
    return [*found, *said, *names.shard_records(folder), *names.part_records(folder)]
