"""The logger plugin, record by record: what it writes, and what it leaves to Snakemake's log file."""

import logging
import sys
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from snakemake import logging as of_snakemake
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

import snakemake_logger_plugin_laion2b as plugin
from snakemake_logger_plugin_laion2b import LogHandler

HERE = "/anywhere/workflow/rules/messages.smk"
INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR


class OfRun:
    """What the workflow hands over, here without files."""

    def draw(self) -> str:
        return "the bars"

    def failed(self, logs: Sequence[str]) -> str:
        return f"failed: {logs[0]}"


def made(**settings: object) -> LogHandler:
    """Return the plugin as Snakemake makes it, with some of the command line's settings."""
    names = ("dryrun", "verbose", "printshellcmds", "debug_dag", "show_failed_logs", "stdout", "quiet", "nocolor")
    handler = LogHandler(SimpleNamespace(**{**dict.fromkeys(names), **settings}), None)
    handler.setFormatter(of_snakemake.DefaultFormatter())
    return handler


def record(text: str | None, level: int = INFO, path: str = HERE, **extra: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text, "levelno": level, "levelname": logging.getLevelName(level),
                                  "pathname": path, **extra})  # fmt: skip


OF_A_RUN = [
    record("Building DAG of jobs...", path=of_snakemake.__file__),
    record("Parts: 0 of 2 filtered.", laion2b="progress"),
    record("Select jobs to execute...", path=of_snakemake.__file__),
    record("Finished jobid: 3", path=of_snakemake.__file__, event=LogEvent.JOB_FINISHED),
    record(None, path=of_snakemake.__file__, event=LogEvent.PROGRESS, done=1, total=2),
    record("A shard will be made again.", WARNING),
    record("Snakemake warns.", WARNING, path=of_snakemake.__file__),
    record("The workflow says.", INFO),
    record("RuleException:", ERROR, event=LogEvent.ERROR, exception="RuleException"),
    record("Error in rule", ERROR, event=LogEvent.JOB_ERROR, log=["logs/filter/0001.log"], rule_msg=None),
    record("Error in rule", ERROR, event=LogEvent.JOB_ERROR, log=["logs/filter/0002.log"], rule_msg="Out of nodes."),
    record("MissingOutputException:", ERROR, event=LogEvent.ERROR, exception="MissingOutputException"),
    record("Parts: 1 of 2 filtered.", laion2b="progress"),
    record("What failed.", ERROR, laion2b="end"),
    record("Complete log(s): here", path=of_snakemake.__file__),
]
SHOWN = [
    "Building DAG of jobs...",
    "Parts: 0 of 2 filtered.",
    "A shard will be made again.",
    "Snakemake warns.",
    "The workflow says.",
    "failed: logs/filter/0001.log",
    "failed: logs/filter/0002.log",
    "Out of nodes.",
    "MissingOutputException:",
    "Parts: 1 of 2 filtered.",
    "What failed.",
    "Complete log(s): here",
]


def test_snakemake_takes_it_as_a_plugin():
    registry = LoggerPluginRegistry()
    registry.validate_plugin(plugin.__name__, plugin)
    assert made().writes_to_stream
    assert not made().writes_to_file


def test_what_is_left_out_while_jobs_are_at_work(capsys):
    handler = made()
    handler.show_bars(OfRun())
    for each in OF_A_RUN:
        handler.handle(each)
    handler.close()
    assert capsys.readouterr().err.splitlines() == SHOWN


@pytest.mark.parametrize(
    "settings",
    [
        {"dryrun": True},
        {"verbose": True},
        {"printshellcmds": True},
        {"debug_dag": True},
        {"show_failed_logs": True},
        {"quiet": {Quietness.PROGRESS, Quietness.RULES}},
        {"quiet": {Quietness.ALL}},
        None,
    ],
)
def test_all_is_as_snakemake_writes_it_where_that_is_asked_for_and_for_other_workflows(capsys, settings):
    handler = made(**(settings or {}))
    if settings:
        handler.show_bars(OfRun())
    usual = of_snakemake.ColorizingTextHandler(stream=sys.stderr, formatter=handler.formatter)
    written = []
    for writer in (handler, usual):
        for each in OF_A_RUN:
            if getattr(each, "event", None) != LogEvent.JOB_ERROR:  # which needs more than this record has
                writer.handle(each)
        written.append(capsys.readouterr().err)
    assert written[0] == written[1]
    assert "Finished jobid: 3" in written[0]


def test_a_reader_that_has_gone_does_not_end_the_run(capsys):
    class Gone:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    handler = made()
    handler._usual.setStream(Gone())
    handler.emit(OF_A_RUN[0])
    handler.emit(OF_A_RUN[0])
    assert capsys.readouterr() == ("", "")
