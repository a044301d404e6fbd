"""Open the files of a part by their endings. The libraries that read them are loaded when they are needed."""

from pathlib import Path

from laion2b.errors import ArrayError


def check_readable(file: Path, ending: str, array: str | None) -> None:
    """Raise PartError unless a file can be opened as its ending says: `.parquet` as a table, others as embeddings.

    The ending is given because the name may not have it yet (`NAME.part`).
    """
    if ending == ".parquet":
        from .metadata import open_metadata

        with open_metadata(file):
            return
    from .embeddings import open_embeddings

    try:
        with open_embeddings(file, ending, array):
            return
    except ArrayError:  # a slip in the configuration must cost no download; `run.fit` says so
        return
