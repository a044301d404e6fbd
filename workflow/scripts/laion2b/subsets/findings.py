"""The results of checks. People read them as lines, programs as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from laion2b.errors import ShardError, some
from laion2b.files import write_json
from laion2b.shards.record import Shard


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    what: str
    passed: bool
    found: str
    expected: str


@dataclass
class Findings:
    """All that was checked in one subset."""

    checks: list[Check] = field(default_factory=list)
    statistics: dict = field(default_factory=dict)
    """Norms, unusual rows and duplicates. They are counted, and no check fails by them: see Statistics."""
    official: str = "no official figure for this configuration"
    unchecked: list[str] = field(default_factory=list)
    """What was not checked, and what that needs."""

    @property
    def failed(self) -> list[Check]:
        """The checks that did not pass."""
        return [check for check in self.checks if not check.passed]

    def compare(self, what: str, found: object, expected: object) -> None:
        """Note whether two things are equal. Numbers get separators of thousands."""
        texts = [f"{each:,}" if isinstance(each, int) else str(each) for each in (found, expected)]
        self.checks.append(Check(what, found == expected, *texts))

    def unreadable(self, file: Path, error: Exception) -> None:
        """Note that a file can't be read. An error of ours says itself what was expected."""
        expected = "" if isinstance(error, ShardError) else "a sound file"
        self.checks.append(Check(f"{file.name} can be read", False, str(error), expected))

    def all_parts(self, what: str, records: Sequence[Shard], wrong: Sequence[str]) -> None:
        """Note whether something is true of all parts, and of which it is not."""
        found = f"not for part {some(wrong)}" if wrong else f"for all {len(records)} parts"
        self.checks.append(Check(what, not wrong, found, f"for all {len(records)} parts"))

    def content(self) -> dict:
        """Return the findings as JSON holds them."""
        return {"passed": not self.failed} | asdict(self)

    def text(self) -> str:
        """Return the findings as lines for people."""
        lines = [
            f"{'ok' if check.passed else 'FAILED':8}{check.what}: {check.found}"
            + ("" if check.passed or not check.expected else f", expected {check.expected}")
            for check in self.checks
        ]
        if self.statistics:
            lines.append(self.about_statistics())
        lines += [f"not checked: {each}" for each in self.unchecked]
        return "\n".join([*lines, f"{self.official[0].upper()}{self.official[1:]}."])

    def about_statistics(self) -> str:
        """Return a sentence about the statistics."""
        return (
            "Of {rows:,} rows, {zero:,} are all zero, {not_finite:,} have NaN or infinity, and {unusual:,} have a norm "
            "that differs from 1 by more than {tolerance:g}.".format(**self.statistics)
        )


def failed_name(output: Path) -> Path:
    """Return where findings go if a check failed, because Snakemake deletes the outputs of a failed job."""
    return output.with_suffix(".failed.json")


def clear(output: Path | None) -> None:
    """Delete the findings of an earlier check, so that nobody takes them for those of this one."""
    if output:
        output.unlink(missing_ok=True)
        failed_name(output).unlink(missing_ok=True)


def conclude(findings: Findings, output: Path | None) -> None:
    """Write the findings to `output` if all is well, else to NAME.failed.json. Raises ShardError if a check failed."""
    where = failed_name(output) if output and findings.failed else output
    if where:
        write_json(where, findings.content())
    if findings.failed:
        place = f" The findings are in {where}." if where else ""
        raise ShardError(f"{len(findings.failed)} of {len(findings.checks)} checks failed, see above.{place}")
