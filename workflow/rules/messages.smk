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
        Path(job.output[0]): mirrors.addresses(settings["mirrors"], job.wildcards.stem, int(job.wildcards.part))
        for job in downloads
    }
    copied = planned("concatenate_embeddings") if settings["layout"] == "contiguous" else []
    plan = space.Plan(
        downloads={file: not preflight.is_linked(urls) for file, urls in addresses.items()},
        shards=[Path(file) for job in planned("filter") for file in job.output],
        embeddings={Path(job.output[0]): len(job.input.shards) for job in copied},
        metadata={Path(job.output[0]): len(job.input.shards) for job in planned("concatenate_metadata")},
    )
    part = space.typical_part(Path("parts"), settings["dimensions"], preflight.asker(addresses, logger.warning))
    jobs = workflow.resource_settings.cores or workflow.resource_settings.nodes or 1
    needed = space.need(plan, part, keep_parts=settings["keep_parts"], at_once=DOWNLOADS + jobs)
    folders = {"parts": Path("parts"), "shards": Path("shards"), "products": Path()}
    logger.info(space.check(needed, folders, keep_parts=settings["keep_parts"], insist=settings["check_space"]))


def check_inputs():
    """Stop before shards are lost to a definition that fits no part, or parts that are not ours are deleted."""
    filters = planned("filter")
    preflight.check_definition([Path(job.input.metadata) for job in filters], json.loads(DEFINITION))
    if not settings["keep_parts"]:
        preflight.refuse_to_delete([Path(file) for job in filters for file in job.input])
    shards_again = [job for job in filters if Path(job.output.record).exists()]
    if lost := [job for job in shards_again if not Path(job.output.embeddings).exists()]:
        logger.warning(
            f"{len(lost)} shards that stood before will be made again: they were deleted (`keep_shards: false`, or by "
            "you), and this run extends or changes a subset."
        )
    known = {job.wildcards.part for job in shards_again}
    if again := [job for job in planned("download") if job.wildcards.part in known]:
        logger.warning(
            f"{len(again)} files of parts will be downloaded again: their shards have to be made again, and the parts "
            "are not there any more."
        )


onstart:
    try:
        check_inputs()
        check_space()
    except Laion2bError as error:
        raise WorkflowError(error) from None


onerror:
    logger.error(failures.summary(Path("logs"), STARTED))
