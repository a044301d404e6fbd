# What a run says before it starts, and after it failed.

import time

STARTED = time.time()


def planned(rule_name):
    """Return the jobs of a rule that this run will execute."""
    return [job for job in workflow.dag.needrun_jobs() if job.rule.name == rule_name]


def check_space():
    """Say how much disk this run needs, and stop it if there is less."""
    downloads = planned("download")
    addresses = {
        mirrors.STEMS[job.wildcards.stem]: mirrors.addresses(
            settings["mirrors"], job.wildcards.stem, int(job.wildcards.part)
        )
        for job in downloads
    }
    part = space.typical_part(
        Path("parts"),
        settings["dimensions"],
        lambda kind: size_on_mirrors(addresses[kind]) if kind in addresses else None,
    )
    plan = space.Plan(
        downloads=[Path(job.output[0]) for job in downloads],
        shards=len(planned("filter")),
        subset_embeddings=[len(job.input.shards) for job in planned("concatenate_embeddings")],
        subset_metadata=[len(job.input.shards) for job in planned("concatenate_metadata")],
    )
    needed = space.need(
        plan,
        part,
        linked=not mirrors.is_remote(settings["mirrors"][0]["embeddings"]),
        keep_parts=settings["keep_parts"],
        at_once=DOWNLOADS + workflow.cores,
    )
    folders = {"parts": Path("parts"), "shards": Path("shards"), "products": Path()}
    logger.info(space.check(needed, folders, keep_parts=settings["keep_parts"], insist=settings["check_space"]))


def announce_fetching_again():
    """Say which parts were deleted after use and must be fetched again, because their shards have to change."""
    again = [job.output[0] for job in planned("download") if Path("shards", f"{job.wildcards.part}.h5").exists()]
    if again:
        logger.warning(
            f"{len(again)} files of parts will be downloaded again: their shards must be rebuilt, because the "
            "definition (keep, columns, dimensions) changed, and the parts were not kept (`keep_parts: false`)."
        )


onstart:
    try:
        announce_fetching_again()
        check_space()
    except Laion2bError as error:
        raise WorkflowError(error) from None


onerror:
    logger.error(failures.summary(Path("logs"), STARTED))
