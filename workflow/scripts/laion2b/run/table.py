"""The status of a working directory, as people read it."""

import re
from collections import Counter
from itertools import groupby

from .disk import readable
from .status import STATES, Part, PartFile, Product, Status


def table(status: Status) -> str:
    """Return the status as a table: neighbouring parts in the same state share a line."""
    lines = [("part", "disk", "state")]
    for description, group in groupby(status.parts, _part_without_number):
        first, *others = group
        disk = readable(sum(part.disk for part in (first, *others)))
        lines.append(
            (f"{first.number}..{others[-1].number}", disk, description)
            if others
            else (str(first.number), disk, describe_part(first))
        )
    width = max(len(numbers) for numbers, _, _ in lines)
    counts = Counter(part.state for part in status.parts)
    text = [f"{numbers:>{width}}  {disk:>12}  {state}" for numbers, disk, state in lines]
    text.append(", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]) + ".")
    text.append("On disk: " + ", ".join(f"{readable(size)} of {kind}" for kind, size in status.disk.items()) + ".")
    text += [f"{each.name}: {describe_product(each)}" for each in status.products]
    if status.is_running:
        text.append("A run is at work here, or one was killed.")
    return "\n".join(text)


def describe_part(part: Part) -> str:
    """Return the state of a part with what belongs to it: how much exists, the error."""
    amounts = " and ".join(_part_file(file) for file in part.files if file.have)
    if part.state == "failed":
        return f"failed{f', with {amounts}' if amounts else ''}: {part.error}"
    return f"partial: {amounts}" if part.state == "partial" else part.state


def _part_without_number(part: Part) -> str:
    """Return the same with `{part}` instead of the number, so that parts which failed alike share a line."""
    return re.sub(rf"(?<!\d){part.number:04d}(?!\d)", "{part}", describe_part(part))


def _part_file(file: PartFile) -> str:
    if file.is_there:
        return f"all of {file.name}"
    whole = f" of {readable(file.total)} ({file.have / file.total:.0%})" if file.total else ""
    return f"{readable(file.have)}{whole} of {file.name}"


def describe_product(product: Product) -> str:
    """Return the size of a product, or why it does not exist."""
    if product.size is not None:
        return readable(product.size)
    return f"failed: {product.error}" if product.error else "begun" if product.is_begun else "missing"
