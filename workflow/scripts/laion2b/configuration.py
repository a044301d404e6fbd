"""The configuration: the defaults, what the user changed, and whether it makes sense."""

import difflib
import json
import math
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import yaml

from . import checksums, mirrors
from .errors import ConfigError
from .keep import COMPARISONS, MEMBERSHIPS, OPERATORS

_VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer",
        lambda _, value: isinstance(value, int) and not isinstance(value, bool),  # 1.0 would be one to JSON Schema
    ).redefine(
        "number",
        lambda _, value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    ),
)
LARGEST = 2**63
LONGEST_KEEP = 50_000


def load(config: Mapping, defaults: Path, schema: Path) -> dict:
    """Return the configuration with defaults for every key that `config` lacks.

    Raises ConfigError, with one sentence for every mistake, unless all of it makes sense.
    """
    known = yaml.safe_load(defaults.read_text(encoding="utf-8"))
    settings = {**known, **{key: _from_command_line(key, value) for key, value in config.items()}}
    mistakes = _check_schema(settings, yaml.safe_load(schema.read_text(encoding="utf-8")))
    if not mistakes:
        mistakes = [
            *_check_mirrors(settings),
            *_check_checksums(settings),
            *_check_subsets(settings),
            *_check_keep(settings),
            *_check_layout(settings),
        ]
    if mistakes:
        raise ConfigError("The configuration can't be used:\n" + "\n".join(f"- {mistake}" for mistake in mistakes))
    return settings


def load_here(repository: Path) -> dict:
    """Return the configuration of a run in the current directory, whose config.yaml overrides the repository's.

    What was said to a run by --config or --configfile is not known here. Raises ConfigError as `load` does.
    """
    own = Path("config.yaml")
    try:
        chosen = yaml.safe_load(own.read_text(encoding="utf-8")) if own.exists() else None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{own} can't be read as YAML: {error}") from None
    if not isinstance(chosen or {}, dict):
        raise ConfigError(f"{own} holds no keys with values.")
    return load(chosen or {}, repository / "config.yaml", repository / "workflow" / "config.schema.yaml")


def _from_command_line(key: str, value: object) -> object:
    """Return what is meant by a value of `--config KEY=VALUE`, which Snakemake leaves as text or lists of text."""
    if isinstance(value, str) and key != "checksums":
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value
    if key == "subsets" and isinstance(value, list):
        return [int(each) if isinstance(each, str) and each.isdecimal() else each for each in value]
    return value


def parts(last: int, first: int) -> list[int]:
    """Return the numbers of a subset's parts. Raises ConfigError if there are none."""
    if last < first:
        raise ConfigError(
            f"The subset {last} would end before it begins: N in laion2B-N.h5 is the number of the last part, and the "
            f"first part is {first} (`first_part` in config.yaml). Ask for {first} or more."
        )
    return list(range(first, last + 1))


def check_folder_of_parts(parts: Path, settings: Mapping) -> None:
    """Raise ConfigError if `parts` is a link that leads nowhere, or to a folder of others in which to delete parts."""
    if parts.is_symlink() and not parts.is_dir():
        raise ConfigError(
            f"{parts} is a link to {parts.readlink()}, which is no folder. Is a disk not mounted? Make the folder, or "
            "correct the link."
        )
    if parts.is_symlink() and not settings["keep_parts"]:
        raise ConfigError(
            f"`keep_parts: false` deletes parts, but {parts} is a link to {parts.resolve()}, which others may use. Set "
            f"`keep_parts: true`, or make {parts} a folder of your own and name the shared one under `mirrors`."
        )


def _check_schema(settings: dict, schema: dict) -> list[str]:
    mistakes = []
    for key in settings.keys() - schema["properties"].keys():
        near = difflib.get_close_matches(str(key), schema["properties"], n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(schema['properties'])}."
        mistakes.append(f"`{key}` is not a key of the configuration; {hint}")
    for error in _VALIDATOR(schema).iter_errors(settings):
        if not error.absolute_path:
            continue  # unknown keys, reported above; keys can't lack, for the defaults hold all
        key, *rest = error.absolute_path
        place = str(key) + "".join(f"[{step}]" for step in rest)
        # A mirror may hold secrets, so only the names of its keys are repeated.
        found = f"{error.instance!r} is not valid"
        if key == "mirrors":
            names = ", ".join(map(str, error.instance)) if isinstance(error.instance, dict) else None
            found = f"found {'the keys ' + names if names else type(error.instance).__name__}"
        mistakes.append(f"`{place}`: {found}. Expected: {schema['properties'][key]['description']}.")
    return sorted(mistakes)


def _check_mirrors(settings: dict) -> list[str]:
    mistakes = []
    for mirror in settings["mirrors"]:
        for template in mirror.values():
            try:
                mirrors.check(template)
            except ConfigError as error:
                mistakes.append(str(error))
    allowed = {"embeddings": mirrors.EMBEDDINGS_ENDINGS, "metadata": mirrors.METADATA_ENDINGS}
    for kind, endings in allowed.items():
        found = {mirrors.ending(mirror[kind]) for mirror in settings["mirrors"]}
        if not found <= set(endings) or len(found) > 1:
            mistakes.append(
                f"`mirrors`: the {kind} end in {', '.join(sorted(repr(each) for each in found))}. Expected: one ending "
                f"for all mirrors, out of {', '.join(endings)}."
            )
    return mistakes


def _check_checksums(settings: dict) -> list[str]:
    try:
        if settings["checksums"]:
            checksums.read(Path(settings["checksums"]))
    except ConfigError as error:
        return [str(error)]
    return []


def _check_subsets(settings: dict) -> list[str]:
    early = [last for last in settings["subsets"] if last < settings["first_part"]]
    if not early:
        return []
    return [f"`subsets`: {early} end before `first_part`, which is {settings['first_part']}."]


def _check_layout(settings: dict) -> list[str]:
    if settings["keep_shards"] or settings["layout"] != "virtual":
        return []
    return [
        "`layout: virtual` and `keep_shards: false` don't go together: a virtual laion2B-N.h5 is nothing without its "
        "shards. Set `keep_shards: true`, or `layout: contiguous`."
    ]


def _check_keep(settings: dict) -> list[str]:
    mistakes = []
    if len(json.dumps(settings["keep"])) > LONGEST_KEEP:
        mistakes.append(
            f"`keep`: the conditions take more than {LONGEST_KEEP:,} characters, which no command line holds."
        )
    for column, sign, value in settings["keep"]:
        values = value if sign in MEMBERSHIPS and isinstance(value, list) else [value]
        if not isinstance(column, str):
            mistakes.append(f"`keep`: {column!r} is not the name of a column.")
        elif sign not in OPERATORS:
            mistakes.append(f"`keep`: {sign!r} is not an operator; use one of {', '.join(OPERATORS)}.")
        elif sign in MEMBERSHIPS and not (isinstance(value, list) and value):
            mistakes.append(f"`keep`: {column} {sign} needs a list of values, but has {value!r}.")
        elif not all(isinstance(each, str | int | float) and _is_small(each) for each in values):
            mistakes.append(
                f"`keep`: {column} {sign} {value!r} can't be compared; expected "
                + ("text, a number, or true or false." if sign in COMPARISONS else "a list of texts or numbers.")
            )
    return mistakes


def _is_small(value: str | float) -> bool:
    return isinstance(value, str) or -LARGEST <= value < LARGEST
