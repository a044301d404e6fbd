"""Which parts there are: the one place that knows what `first_part`, `last_part` and `holes` mean."""

from collections.abc import Mapping

from laion2b import names
from laion2b.errors import ConfigError


def parts_up_to(last: int, settings: Mapping) -> list[int]:
    """Return the numbers of a subset's parts, without `holes`. Raises ConfigError if `last` is not one of them."""
    first, end, holes = settings["first_part"], settings["last_part"], set(settings["holes"])
    embeddings = names.embeddings("N", settings["name"])
    if last < first:
        raise ConfigError(
            f"The subset {last} would end before it begins: N in {embeddings} is the number of the last part, and the "
            f"first part is {first} (`first_part` in config.yaml). Request {first} or more."
        )
    if last > end:
        raise ConfigError(
            f"The subset {last} would end after the last part, which is {end} (`last_part` in "
            f"config.yaml): N in {embeddings} is the number of the last part, not of rows. Request {end} or less."
        )
    if last in holes:
        other = nearest(last, settings)
        do = "" if other is None else f" Ask for {other}, which is the nearest one."
        raise ConfigError(f"There is no subset {last}, because there is no part {last} (`holes` in config.yaml).{do}")
    return [number for number in range(first, last + 1) if number not in holes]


def parts_of_first(rows: int, settings: Mapping) -> list[int]:
    """Return the numbers of the parts that hold the first `rows` rows of each subset, or more.

    They follow from `rows_per_part_at_least`, and not from the parts themselves. So they are the same in each run.
    Raises ConfigError if there are not enough parts.
    """
    least, first, end = (settings[key] for key in ("rows_per_part_at_least", "first_part", "last_part"))
    target = names.embeddings(f"n{rows}", settings["name"])
    if least is None:
        raise ConfigError(
            f"{target} can't be planned, because nobody knows how many rows a part has. What to do: set "
            "`rows_per_part_at_least` to a number of rows that each part keeps at least."
        )
    needed = -(-rows // least)
    holes = set(settings["holes"])
    numbers = [number for number in range(first, min(end, first + needed + len(holes)) + 1) if number not in holes]
    if len(numbers) < needed:
        raise ConfigError(
            f"{target} needs {needed:,} parts of {least:,} rows, but from part {first} to {end} there are only "
            f"{len(numbers):,}. What to do: ask for fewer rows."
        )
    return numbers[:needed]


def nearest(number: int, settings: Mapping) -> int | None:
    """Return the part that exists and whose number is nearest to one that is a hole, the smaller one of two."""
    first, end, holes = settings["first_part"], settings["last_part"], set(settings["holes"])
    below = next((part for part in range(number - 1, first - 1, -1) if part not in holes), None)
    above = next((part for part in range(number + 1, end + 1) if part not in holes), None)
    if below is None or above is None:
        return above if below is None else below
    return below if number - below <= above - number else above
