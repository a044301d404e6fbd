# What a run says before it starts and after it has ended. Snakemake runs none of this for a module, or in a dry run.
# Input functions refuse what must be refused there, too.

import contextlib
import threading
import time

from laion2b.run import bars, disk, failures, outcome, plan, progress, status, steps, summary

BEGAN = time.monotonic()
LOGS_BEFORE = outcome.snapshot(Path()) if is_main() else {}


def say_before_start():
    """Say what this run needs and what it does again. Stop it if it must not start."""
    parts_at_once = DOWNLOADS + (cores() or disk.JOBS_ON_A_CLUSTER)
    sentences, warnings = or_stop(preflight.before_start, planned_jobs(), settings, parts_at_once)
    for sentence in sentences:
        logger.info(sentence)
    for warning in warnings:
        logger.warning(warning)


def report_progress():
    """Show how far the run is, for as long as it lasts: as bars, where the logger plugin can, and as lines."""
    if not settings["progress"]:
        return
    look = functools.partial(status.look, settings, parts_of_run(), [], LOGS_BEFORE)
    jobs, finished, is_virtual = planned_jobs(), finished_jobs(), settings["layout"] == "virtual"
    for_bars, for_lines = (
        progress.Progress(look, steps.Jobs(jobs, finished, LOGS_BEFORE, is_virtual=is_virtual)) for _ in range(2)
    )
    show_bars(bars.OfRun(for_bars, LOGS_BEFORE, is_cluster=cores() is None))
    tell = functools.partial(logger.info, extra={"laion2b": "progress"})
    with contextlib.suppress(OSError):  # the jobs say it, if a folder can't be read
        tell(progress.line(for_lines.look(time.monotonic())[1]))
    threading.Thread(target=progress.say, args=(for_lines, settings["progress"], tell), daemon=True).start()


onstart:
    say_before_start()
    report_progress()


onsuccess:
    if text := summary.summary(LOGS_BEFORE, time.monotonic() - BEGAN, json.loads(DEFINITION), settings):
        logger.info(text, extra={"laion2b": "end"})


onerror:
    logger.error(failures.summary(Path(), LOGS_BEFORE), extra={"laion2b": "end"})
