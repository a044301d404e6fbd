"""The errors a user reads. Each is a sentence or a few: what, found, expected, likely cause, what to do."""


class Laion2bError(Exception):
    """Base of all errors whose text is meant for the user and needs no traceback."""


class ConfigError(Laion2bError):
    """The configuration, or a target, asks for something that makes no sense."""


class PartError(Laion2bError):
    """A part is not what the configuration or its own header says."""

    @classmethod
    def unsound(cls, path: object, found: str, expected: str, cause: str | None = None) -> "PartError":
        """Return the error for a file that is not what its name says, or other than such files should be."""
        cause = cause or "the download was cut or altered, or the file is not what its name says"
        do = "delete the file and run again, or try another mirror"
        return cls(explain(path, found=found, expected=expected, cause=cause, do=do))


class ShardError(Laion2bError):
    """A shard is damaged, or does not fit the others."""

    @classmethod
    def unfit(cls, path: object, found: str, expected: str, cause: str) -> "ShardError":
        """Return the error for a file of a shard, which is cured by making the shard again."""
        do = f"delete {path} and run the same command again, which rebuilds it"
        return cls(explain(path, found=found, expected=expected, cause=cause, do=do))


class DownloadError(Laion2bError):
    """A file could not be fetched from any mirror."""


class SpaceError(Laion2bError):
    """The disk is too small for what the run would write."""


CAUSE = ". Likely cause: "


def explain(subject: object, *, found: str, expected: str, cause: str, do: str) -> str:
    """Return the one form in which this project says that something is wrong."""
    return f"{subject}: found {found}, expected {expected}{CAUSE}{cause}. What to do: {do}."


def what(error: Exception) -> str:
    """Return the half of an explained error that says what was found and expected, without cause and remedy."""
    return str(error).partition(CAUSE)[0]
