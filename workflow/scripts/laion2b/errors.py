"""Errors that users read. They are sentences: the file, what was found and expected, the likely cause, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """What a user has to know about an error, in pieces."""

    what: str
    """Which file or key it is about, what was found, and what was expected."""
    cause: str = ""
    do: str = ""
    details: str = ""
    """Further lines, such as all attempts of a download. They begin with a line break."""

    @classmethod
    def of(cls, text: str) -> "Explanation":
        """Return a text in one piece; its lines after the first one are details."""
        first, end, rest = text.partition("\n")
        return cls(first, details=end + rest)

    def __str__(self) -> str:
        """Return the one form in which this project says that something is wrong."""
        text = self.what
        if self.cause:
            text += f". Likely cause: {self.cause}"
        if self.do:
            text += f". What to do: {self.do}."
        return text + self.details


class Laion2bError(Exception):
    """Base of all errors whose text is for the user, without a traceback."""

    def __init__(self, text: str | Explanation) -> None:
        super().__init__(str(text))
        self.explanation = text if isinstance(text, Explanation) else Explanation.of(text)


class ConfigError(Laion2bError):
    """The configuration or a target makes no sense."""


class PartError(Laion2bError):
    """A part differs from what the configuration or its own header says."""

    @classmethod
    def unsound(
        cls, path: object, found: str, expected: str, cause: str | None = None, do: str | None = None
    ) -> "PartError":
        """Return the error for a file that is not sound, or is another one than its name says."""
        cause = cause or "the download was cut or altered, or the file is not what its name says"
        do = do or "delete the file and run again, or try another mirror"
        return cls(explain(path, found=found, expected=expected, cause=cause, do=do))


class ArrayError(PartError):
    """A file of a part is sound, but has no embeddings under the name that they should have."""


class ShardError(Laion2bError):
    """A shard is damaged, or does not fit the others."""

    @classmethod
    def unfit(cls, path: object, found: str, expected: str, cause: str) -> "ShardError":
        """Return the error for a file that is correct again after it is rebuilt."""
        do = f"delete {path} and run the same command again, which rebuilds it"
        return cls(explain(path, found=found, expected=expected, cause=cause, do=do))


class EngineError(Laion2bError):
    """A matrix product is less precise than the proof of the search asks for."""


class DownloadError(Laion2bError):
    """No mirror had a sound file."""


class SpaceError(Laion2bError):
    """The disk is too small for the run."""


def explain(subject: object, *, found: str, expected: str, cause: str, do: str) -> Explanation:
    """Return the pieces of an error about a file, each on one line and safe to show, whatever a name in it holds."""
    pieces = (f"{subject}: found {found}, expected {expected}", cause, do)
    return Explanation(*(printable(piece).replace("\n", "\\n") for piece in pieces))


def mistake(key: str, found: str, expected: str, do: str) -> str:
    """Return the sentences about a key of the configuration with a bad value, in the one form for them."""
    text = f"`{key}`: found {found}, expected {expected}. What to do: {do}."
    return printable(text).replace("\n", "\\n")


def some(names: Sequence[str], most: int = 5) -> str:
    """Return names in one line: the first ones, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def printable(text: str) -> str:
    """Return a text that is safe on a terminal: all but printable characters and line breaks are written as escapes.

    Names of columns and of files, and answers of mirrors, come from strangers. They may have control characters, which
    move the cursor or change colours, and halves of characters, which no encoding can write.
    """
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text
    )


def what(error: Laion2bError) -> str:
    """Return what an error says was found and expected, without cause and remedy."""
    return error.explanation.what
