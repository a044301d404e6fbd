"""What exports take, before a run: bytes of the disk, and what a user should know.

Nothing is imported here that Snakemake itself does not bring, because the Snakefile is read without our packages, too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from laion2b.exports import links, names, sizes
from laion2b.logs import RuleName
from laion2b.neighbors import definition
from laion2b.parts.numbers import parts_up_to

from .plan import Job, of_rules


def bytes_added(jobs: Sequence[Job], embeddings: int, metadata: int, settings: Mapping) -> int:
    """Return about how many bytes exports will add, if a part has so many bytes of embeddings and metadata."""
    outputs = sizes.among([file for job in jobs for file in job.outputs])
    if not outputs:
        return 0
    basis = sizes.Basis(
        embeddings,
        metadata,
        settings["dimensions"],
        settings["queries"].get("rows", definition.QUERIES),
        shards=lambda last: len(parts_up_to(last, settings)),
        are_links=not sizes.of_links(outputs) or links.are_possible(Path(), Path(names.FOLDER)),
        is_virtual=settings["layout"] == "virtual",
    )
    return sizes.added(outputs, basis)


def warnings(jobs: Sequence[Job]) -> list[str]:
    """Return a warning if an export downloads metadata again, and one if it copies what it would link."""
    found = []
    if again := of_rules(jobs, RuleName.DOWNLOAD_METADATA_AGAIN):
        found.append(
            f"The metadata of {len(again)} parts will be downloaded again, for an export of the metadata, because the "
            "parts were deleted (`keep_parts: false`, or by you). Nothing else of these parts is downloaded."
        )
    linking = of_rules(jobs, RuleName.EXPORT_SISAP, RuleName.EXPORT_PARQUET)
    if linking and not links.are_possible(Path(), Path(names.FOLDER)):
        copies = " and ".join(names.folder(kind, "N") for kind in ("sisap", "parquet"))
        found.append(
            f"Files can't have hard links in {names.FOLDER}/, so {copies} will hold copies. Likely cause: the file "
            f"system has no hard links, or {names.FOLDER}/ is a link to another disk."
        )
    return found
