"""Runs a command and writes what it took: python watch.py RESULT.json COMMAND...

The result has the seconds, the seconds of CPU, and the most memory that the command and all that it started held at one
time, in MiB. It's a program of its own, so that it can be run by another that waits for a quiet machine (see --under).
"""

import json
import os
import resource
import subprocess
import sys
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def processes():
    """Yields each process of this machine: its id, the id of its parent, and how many bytes of memory it holds."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended since
        yield int(name), int(fields[1]), int(fields[21]) * PAGE


def held_by(root):
    """The bytes that a process and its descendants hold. What two of them share is counted for each."""
    children, held = {}, {}
    for process, parent, size in processes():
        children.setdefault(parent, []).append(process)
        held[process] = size
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        total += held.get(process, 0)
        waiting += children.get(process, [])
    return total


def main():
    result, command = sys.argv[1], sys.argv[2:]
    began = time.monotonic()
    running = subprocess.Popen(command)
    peak = 0
    while running.poll() is None:
        peak = max(peak, held_by(running.pid))
        time.sleep(0.03)
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(result, "w") as file:
        json.dump({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "mib": peak / 2**20,
                   "exit": running.returncode}, file)


if __name__ == "__main__":
    main()
