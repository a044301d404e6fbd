"""The configuration: the defaults, what the user changed, and whether it makes sense."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import jsonschema
import yaml

from laion2b import names
from laion2b.errors import ConfigError, mistake
from laion2b.files import check_regular
from laion2b.neighbors import definition
from laion2b.parts import catalogue, mirrors, numbers
from laion2b.shards import conditions, list_files

from . import forms, presets

_VALIDATOR = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # it has no annotations
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer",
        lambda _, value: isinstance(value, int) and not isinstance(value, bool),  # 1.0 would be one to JSON Schema
    ).redefine(
        "number",
        lambda _, value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    ),
)
TEXTS = ("checksums", "preset", "name", "family", "license", "citation", "creator")
"""Keys whose values are text, whatever else it may look like."""
ALIKE = 0.75
"""From this likeness on (of difflib, 1 is equal), an unknown key is taken for a slip."""


def load(config: Mapping, defaults: Path, schema: Path) -> dict:
    """Return the configuration with defaults for every key that `config` lacks.

    Raises ConfigError, with one sentence for every mistake, unless all of it makes sense.
    """
    known = presets.read(defaults)
    known |= presets.keys(_from_command_line("preset", config.get("preset")), defaults.parent / "presets")
    own = {key: _from_command_line(key, value) for key, value in config.items() if key in known}
    settings = {**known, **own}
    mistakes = _check_foreign_keys(config.keys() - known.keys(), list(known))
    mistakes += _check_schema(settings, presets.read(schema))
    if not mistakes:
        mistakes = [
            *mirrors.mistakes(settings["mirrors"]),
            *_check_checksums(settings),
            *_check_name(settings),
            *_check_subsets(settings),
            *_check_metadata(settings),
            *conditions.mistakes(settings["keep"]),
            *list_files.mistakes(settings),
            *_check_layout(settings),
            *definition.mistakes(settings),
        ]
    if mistakes:
        raise ConfigError("The configuration can't be used:\n" + "\n".join(f"- {mistake}" for mistake in mistakes))
    return settings


def load_here(repository: Path) -> dict:
    """Return the configuration of a run in the current directory, whose config.yaml overrides the repository's.

    Keys that a run got by --config or --configfile are not known here. Raises ConfigError as `load` does.
    """
    own = Path("config.yaml")
    return load(read_own(own), repository / "config.yaml", repository / "workflow" / "config.schema.yaml")


def read_own(own: Path) -> dict:
    """Return what a config.yaml says; nothing if it does not exist, or holds only comments.

    Raises ConfigError if it can't be read. Without this check, a link to a disk that is not mounted would silently mean
    the defaults.
    """
    if not own.exists():
        if own.is_symlink():
            raise ConfigError(
                f"{own} is a link to {own.readlink()}, which does not exist. Is a disk not mounted? Mount it, or "
                "delete the link if the defaults are meant."
            )
        return {}
    check_regular(own)
    try:
        keys = yaml.safe_load(own.read_bytes())
    except OSError as error:
        raise ConfigError(f"{own} can't be read: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{own} can't be read as YAML: {error}. Is it saved as UTF-8?") from None
    if not isinstance(keys or {}, dict):
        raise ConfigError(f"{own} holds no keys with values.")
    return keys or {}


def _from_command_line(key: str, value: object) -> object:
    """Return what is meant by a value of `--config KEY=VALUE`, which Snakemake leaves as text or lists of text."""
    if isinstance(value, str) and key in TEXTS:
        return None if value == "null" and key != "checksums" else value
    if isinstance(value, str):
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value
    if key == "subsets" and isinstance(value, list):
        return [int(each) if isinstance(each, str) and each.isdecimal() else each for each in value]
    return value


def check_folders(*folders: Path) -> None:
    """Raise ConfigError if something else has the name of a folder of the working directory."""
    for folder in folders:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder} is no folder, but the workflow keeps its files in one. Move it elsewhere.")


def check_folder_of_parts(parts: Path, keep_parts: bool) -> None:
    """Raise ConfigError if `parts` is a link to nothing, or to a shared folder in which parts would be deleted."""
    if parts.is_symlink() and not parts.is_dir():
        raise ConfigError(
            f"{parts} is a link to {parts.readlink()}, which is no folder. Is a disk not mounted? Make the folder, or "
            "correct the link."
        )
    if parts.is_symlink() and not keep_parts:
        raise ConfigError(
            f"`keep_parts: false` deletes parts, but {parts} is a link to {parts.resolve()}, which others may use. Set "
            f"`keep_parts: true`, or make {parts} a folder of your own and name the shared one under `mirrors`."
        )


def _check_foreign_keys(foreign: Iterable[object], known: Sequence[str]) -> list[str]:
    """Return a sentence for each key that looks like one of ours; the others belong to a workflow around this one."""
    mistakes = []
    for key in foreign:
        if near := difflib.get_close_matches(str(key).lower(), known, n=1, cutoff=ALIKE):
            mistakes.append(
                f"`{key}` is not a key of the configuration; did you mean `{near[0]}`? (If it belongs to a workflow "
                "that uses this one as a module, give the module a configuration of its own, as in "
                '`config: config["laion2b"]`.)'
            )
    return mistakes


def _check_schema(settings: dict, schema: dict) -> list[str]:
    mistakes = []
    for error in _VALIDATOR(schema).iter_errors(settings):
        if not error.absolute_path:
            continue  # unknown keys, reported above; keys can't lack, for the defaults hold all
        key, *rest = error.absolute_path
        place = str(key) + "".join(f"[{step}]" for step in rest)
        # A mirror may hold secrets, so only the names of its keys are repeated.
        found = repr(error.instance)
        if key == "mirrors":
            found = "an empty list" if error.instance == [] else f"a {type(error.instance).__name__}"
            if isinstance(error.instance, dict):
                found = f"the keys {', '.join(map(str, error.instance))}"
        expected = schema["properties"][key]["description"].removesuffix(".")
        mistakes.append(mistake(place, found, expected, _remedy(key, error)))
    return sorted(mistakes)


def _remedy(key: str, error: jsonschema.ValidationError) -> str:
    """Return what to do about a value that the schema does not allow: often, to write it as a list of one."""
    one, is_top = error.instance, len(error.path) == 1
    is_array = isinstance(error.schema, Mapping) and error.schema.get("type") == "array"
    is_list = is_array and key not in ("mirrors", "keep")  # those are lists of more than names
    if is_list and is_top and isinstance(one, str | int):
        return f"write a list of one: `{key}: [{one}]` in config.yaml, --config '{key}=[{one}]' on the command line"
    return "correct it in config.yaml, or on the command line; docs/configuration.md has all keys"


def _check_checksums(settings: dict) -> list[str]:
    try:
        if settings["checksums"]:
            catalogue.read(Path(settings["checksums"]))
    except ConfigError as error:
        return [str(error)]
    return []


def _check_name(settings: dict) -> list[str]:
    name = settings["name"]
    if name.lower() not in names.TAKEN:
        return []
    return [mistake("name", repr(name), "a name that no other file or folder has", "choose another name")]


def _check_subsets(settings: dict) -> list[str]:
    first, end = settings["first_part"], settings["last_part"]
    mistakes = []
    if early := [last for last in settings["subsets"] if last < first]:
        do = f"name {first} or more, or change `first_part`"
        mistakes.append(mistake("subsets", f"{early}", f"last parts from `first_part` on, which is {first}", do))
    if late := [last for last in settings["subsets"] if last > end]:
        do = f"name {end} or less, because N is the number of the last part, not of rows"
        mistakes.append(mistake("subsets", f"{late}", f"last parts up to `last_part`, which is {end}", do))
    for hole in (last for last in settings["subsets"] if last in settings["holes"]):
        do = f"name {numbers.nearest(hole, settings)} instead, which is the nearest part"
        mistakes.append(mistake("subsets", f"{hole}, which is one of `holes`", "parts that exist", do))
    return mistakes


def _check_metadata(settings: dict) -> list[str]:
    if not forms.needs_metadata(settings) or all("metadata" in mirror for mirror in settings["mirrors"]):
        return []
    do = "add the key; for parts without metadata, set `columns: []` and `keep: []`"
    return [mistake("mirrors", "no key `metadata`", "the address of the metadata, which `columns` or `keep` need", do)]


def _check_layout(settings: dict) -> list[str]:
    if settings["keep_shards"] or settings["layout"] != "virtual":
        return []
    found, expected = "virtual with `keep_shards: false`", "shards that stay, because a virtual file points to them"
    return [mistake("layout", found, expected, "set `keep_shards: true`, or `layout: contiguous`")]
