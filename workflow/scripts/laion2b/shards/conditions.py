"""What a condition of `keep` may say. `keep` applies it, but the configuration is checked without pyarrow."""

import json
from collections.abc import Sequence

from laion2b.errors import mistake

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MEMBERSHIPS = ("in", "not in")
OPERATORS = (*COMPARISONS, *MEMBERSHIPS)
SMALLEST, LARGEST = -(2**63), 2**64
"""Numbers between these, the second excluded, are what some type of column holds."""
LONGEST = 50_000
"""Characters of all conditions, at most. They are handed to jobs on the command line."""


def mistakes(conditions: Sequence[Sequence]) -> list[str]:
    """Return what is wrong with `keep`, a list of lists of three, in a configuration."""
    found = []
    size = len(json.dumps(conditions, default=str))
    if size > LONGEST:
        expected = f"at most {LONGEST:,}, which a command line can hold"
        found.append(_mistake(f"conditions of {size:,} characters", expected, "list fewer values"))
    for column, sign, value in conditions:
        shown = f"{column} {sign} {value!r}"
        if not isinstance(column, str):
            found.append(_mistake(f"{column!r} as the name of a column", "text", "put the name in quotation marks"))
        elif sign not in OPERATORS:
            operators = ", ".join(OPERATORS)
            found.append(_mistake(f"{sign!r} as an operator", f"one of {operators}", "use one of these"))
        elif sign in MEMBERSHIPS and not (isinstance(value, list) and value):
            do = f"write the values in brackets, as in [{column}, {sign!r}, [A, B]]"
            found.append(_mistake(shown, "a list of values", do))
        elif not all(map(_can_be_compared, value if sign in MEMBERSHIPS else [value])):
            found.append(_mistake(shown, *_values(sign)))
    return found


def _mistake(found: str, expected: str, do: str) -> str:
    return mistake("keep", found, expected, do)


def _values(sign: str) -> tuple[str, str]:
    """Return which values an operator can compare, and what to do about others."""
    if sign in MEMBERSHIPS:
        return "a list of texts or numbers", "take the other values out"
    return "text, a number that a column can hold, or true or false", "write a date as text, in quotation marks"


def _can_be_compared(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float) and SMALLEST <= value < LARGEST)
