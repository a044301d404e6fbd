"""Each preset is a configuration with which a run can start."""

import pytest
import yaml

from laion2b.errors import ConfigError
from laion2b.subsets.definition import Definition
from tests.support.configuration import load
from tests.support.harness import REPOSITORY

PRESETS = sorted((REPOSITORY / "presets").glob("*.yaml"), key=lambda file: file.stem)
DEFAULTS = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
RUN = {
    "preset", "array", "aliases", "drop", "keep_only", "regroup", "checksums", "keep_parts", "keep_shards", "layout", "check_space", "progress", "timeout", "minimum_speed",
    "attempts", "patience", "bandwidth", "parts_together", "submit_downloads",
}  # fmt: skip
"""Keys that say how a run goes and what is left out, and not what the data are."""


@pytest.mark.parametrize("preset", PRESETS, ids=lambda file: file.stem)
def test_a_dry_run(work, preset):
    work.folder.mkdir()
    keys = yaml.safe_load(preset.read_text())
    by_file = preset.stem in ("laion400m", "clip-retrieval")
    selection = ["--configfile", str(preset)] if by_file else ["--config", f"preset={preset.stem}"]
    jobs = work.jobs(work.run("-n", f"{keys['name']}-2.h5", "--quiet", "rules", *selection))
    assert jobs["filter"] == 3 - keys["first_part"]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda file: file.stem)
def test_what_the_data_are_is_said_in_full(preset):
    keys = yaml.safe_load(preset.read_text())
    assert keys.keys() == DEFAULTS.keys() - RUN
    assert load(**keys) | {"preset": preset.stem} == load(preset=preset.stem)
    assert keys["family"] == preset.stem
    assert Definition.of(load(**keys), 2).is_official() == (preset.stem == "laion2b-en")


def test_names_and_families_differ():
    for key in ("name", "family"):
        assert len({yaml.safe_load(file.read_text())[key] for file in PRESETS}) == len(PRESETS)


def test_one_preset_is_the_default():
    assert load(preset="laion2b-en") == load() | {"preset": "laion2b-en"}


def test_own_keys_come_before_those_of_a_preset():
    assert load(preset="laion400m", dimensions=3)["dimensions"] == 3
    assert load(preset="laion400m")["dimensions"] == 512


@pytest.mark.parametrize("preset", ["laion", "../config", 3, ["x"]])
def test_a_preset_that_does_not_exist(preset):
    with pytest.raises(ConfigError, match="`preset`: found .*, expected one of clip-retrieval, laion1b-nolang,"):
        load(preset=preset)
