"""Run a command and print what it took, as JSON in the last line.

A process of its own, and a small one: a child's peak of memory is at least what its parent had when it was started. The
kernel adds what children read and wrote to their parent's figures when they end.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> int:
    """Run the command and return its exit status."""
    started = time.perf_counter()
    status = subprocess.run(sys.argv[1:], check=False).returncode
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open("/proc/self/io") as file:  # noqa: PTH123 - pathlib would cost memory and time of its own
        bytes_moved = dict(line.split(": ") for line in file.read().splitlines())
    figures = {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss * 1024,
        "read": int(bytes_moved["rchar"]),
        "written": int(bytes_moved["wchar"]),
    }
    print("\n" + json.dumps(figures))
    return status


if __name__ == "__main__":
    sys.exit(main())
