#!/usr/bin/env python3
"""Runs clang-tidy over every source of ours that a compilation database names.

  tidy.py BUILD-FOLDER [PATH...]     only files below one of the PATHs, if there are any

Most of clang-tidy's time goes into the headers that a file includes (a file that uses Asio costs 20 s, a dozen of them
together 15 s), so files that are compiled alike are looked at in one unit that includes them all. clang's analyzer knows
such units and treats their parts as code, not as headers. Where names of two files meet, the unit is cut in halves.
"""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = ("engine/", "sandbox/", "examples/", "tests/")
FILES_PER_UNIT = 12
# What clang says when two files do not go together; a file alone is never excused.
CLASH = re.compile(r"\[clang-diagnostic-")
# What only GCC knows.
GCC_ONLY = ("-ftrivial-auto-var-init=zero",)
# Of the unit, not of the files in it.
OF_UNITS = "-bugprone-suspicious-include,-misc-unused-using-decls"


def commands(build):
    """(flags, folder) -> files, for our own sources; each file once."""
    groups, seen = {}, set()
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        database = json.load(file)
    for entry in database:
        path = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        name = os.path.relpath(path, ROOT)
        if not name.startswith(OURS) or path in seen:
            continue
        seen.add(path)
        words = entry["command"].split(" ")
        flags = []
        skip = 0
        for word in words:
            if skip:
                skip -= 1
            elif word in ("-o", "-MF", "-MQ", "-c"):
                skip = 1
            elif word not in ("-MD", "ccache", *GCC_ONLY):
                # Private folders of targets hold nothing that is included, and would keep like files apart.
                if not re.fullmatch(r"'?-I[^ ]*\.p'?", word):
                    flags.append(word)
        test = name.endswith("_test.cc")
        groups.setdefault((" ".join(flags), entry["directory"], test), []).append(path)
    return groups


def check(folder, number, flags, directory, files):
    """[(files, output)] of what was found."""
    place = os.path.join(folder, f"{number}.{len(files)}.{os.path.basename(files[0])}")
    os.makedirs(place, exist_ok=True)
    alone = len(files) == 1
    unit = files[0] if alone else os.path.join(place, "unit.cc")
    if not alone:
        with open(unit, "w", encoding="utf-8") as file:
            file.writelines(f'#include "{each}"\n' for each in files)
    with open(os.path.join(place, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump([{"directory": directory, "file": unit, "command": f"{flags} -c {unit}"}], file)
    # What cannot be compiled together is found out before the checks, which take most of the time.
    if not alone and subprocess.run(["clang++", *shlex.split(flags)[1:], "-fsyntax-only", "-w", unit], cwd=directory,
                                    stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode != 0:
        middle = len(files) // 2
        return check(folder, number, flags, directory, files[:middle]) + \
            check(folder, number, flags, directory, files[middle:])
    done = subprocess.run(
        ["clang-tidy", "-quiet", "-p", place, f"--config-file={ROOT}/.clang-tidy",
         f"--header-filter=^{ROOT}/({'|'.join(OURS)})"] + ([] if alone else [f"--checks={OF_UNITS}"]) + [unit],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == 0 and "warning:" not in done.stdout:
        return []
    if not alone and CLASH.search(done.stdout + done.stderr):
        middle = len(files) // 2
        return check(folder, number, flags, directory, files[:middle]) + \
            check(folder, number, flags, directory, files[middle:])
    return [(files, done.stdout + (done.stderr if not done.stdout else ""))]


def main():
    build, paths = os.path.abspath(sys.argv[1]), [os.path.realpath(path) for path in sys.argv[2:]]
    found, jobs = [], []
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for (flags, directory, _), files in commands(build).items():
            files = sorted(file for file in files if not paths or any(file.startswith(path) for path in paths))
            for start in range(0, len(files), FILES_PER_UNIT):
                jobs.append(pool.submit(check, folder, len(jobs), flags, directory,
                                        files[start:start + FILES_PER_UNIT]))
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            for files, output in job.result():
                found.append(output)
                print(output, flush=True)
            print(f"[{done}/{len(jobs)}]", file=sys.stderr, flush=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
