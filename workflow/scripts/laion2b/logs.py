"""The names of the rules, and of the files that their jobs leave in `logs/`."""

from enum import StrEnum
from pathlib import Path

from .names import LOGS


class RuleName(StrEnum):
    """The rules of the workflow, without the prefix that another workflow may give them."""

    DOWNLOAD = "download"
    PART = "part"
    LIST = "list"
    REGROUP = "regroup"
    FILTER = "filter"
    DELETE_PARTS = "delete_parts"
    CONCATENATE_EMBEDDINGS = "concatenate_embeddings"
    CONCATENATE_METADATA = "concatenate_metadata"
    FIRST_EMBEDDINGS = "first_embeddings"
    FIRST_METADATA = "first_metadata"
    DESCRIBE = "describe"
    VERIFY = "verify"
    JLD2 = "jld2"
    DOWNLOAD_QUERIES = "download_queries"
    QUERY_FILE = "query_file"
    QUERIES = "queries"
    SEARCH = "search"
    SEARCH_AGAIN = "search_again"
    MERGE = "merge"
    SEARCH_CUT = "search_cut"
    SEARCH_FIRST_AGAIN = "search_first_again"
    MERGE_FIRST = "merge_first"
    DESCRIBE_GOLD = "describe_gold"
    VERIFY_GOLD = "verify_gold"
    EXPORT_BINARY = "export_binary"
    EXPORT_VECS = "export_vecs"
    EXPORT_ANN_BENCHMARKS = "export_ann_benchmarks"
    EXPORT_ANN_BENCHMARKS_FLOAT32 = "export_ann_benchmarks_float32"
    DOWNLOAD_METADATA_AGAIN = "download_metadata_again"
    EXPORT_METADATA_OF_PART = "export_metadata_of_part"
    EXPORT_METADATA = "export_metadata"
    EXPORT_VECTORS_OF_PART = "export_vectors_of_part"
    EXPORT_PARQUET = "export_parquet"
    EXPORT_BIGANN = "export_bigann"
    EXPORT_SISAP = "export_sisap"
    EXPORT_FOLDER = "export_folder"
    ODD_ROWS = "odd_rows"
    DESCRIBE_EXPORT = "describe_export"
    REPORT = "report"


def own_rule(name: str) -> RuleName | None:
    """Return the rule that a name means, with or without a module's prefix; None for a rule of another workflow."""
    found = [rule for rule in RuleName if name == rule or name.endswith(f"_{rule}")]
    return max(found, key=len, default=None)


def log(rule: str, job: int | str) -> str:
    """Return the path of a job's log."""
    return f"{LOGS}/{rule}/{job}.log"


def mark(rule: str, job: str) -> str:
    """Return the path of the mark that a job leaves when it has ended well.

    Only jobs that download or delete files leave one. Their files are no outputs, so that Snakemake never deletes them.
    """
    return f"{LOGS}/{rule}/{job}.done"


def outcome(log: Path) -> Path | None:
    """Return where a job notes how it ended, next to its log; None for a log that is not one of a job in `logs/`.

    A user may name any file with --log, and nothing next to it may be overwritten.
    """
    is_of_job = log.suffix == ".log" and log.parent.name in set(RuleName) and log.parent.parent.name == LOGS
    return log.with_suffix(".json") if is_of_job else None


def of_jobs(folder: Path) -> list[Path]:
    """Return the logs of all jobs in a working directory, in the order of their names."""
    return sorted(folder.glob(f"{LOGS}/*/*.log"))
