"""The errors a user reads. Each is a sentence or a few: what, found, expected, likely cause, what to do."""


class Laion2bError(Exception):
    """Base of all errors whose text is meant for the user and needs no traceback."""


class ConfigError(Laion2bError):
    """The configuration, or a target, asks for something that makes no sense."""


class PartError(Laion2bError):
    """A part is not what the configuration or its own header says."""


class ShardError(Laion2bError):
    """A shard is damaged, or does not fit the others."""


class DownloadError(Laion2bError):
    """A file could not be fetched from any mirror."""


class SpaceError(Laion2bError):
    """The disk is too small for what the run would write."""


def explain(subject: object, *, found: str, expected: str, cause: str, do: str) -> str:
    """Return the one form in which this project says that something is wrong."""
    return f"{subject}: found {found}, expected {expected}. Likely cause: {cause}. What to do: {do}."
