#!/usr/bin/env python3
"""Programs are hardened as meson.build asks: looks at the finished files, because a link can lose what a compiler did.

usage: check.py COMPILER... -- PROGRAM...    COMPILER makes the control: a program that lacks every one of these.

The processor's shadow stack and branch tracking are switched on by a note that the C library's own start files would
have to carry too, which Debian's do not. So what is looked for is the marks at the targets of branches (endbr64).
"""
import os
import re
import subprocess
import sys
import tempfile

ENDBR64 = b"\xf3\x0f\x1e\xfa"
FEW = 20  # what start files and libraries may bring


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def lacks(program):
    """What the program lacks, as a list of clauses."""
    headers = run("readelf", "--file-header", "--program-headers", "--dynamic", "--wide", program)
    symbols = run("readelf", "--symbols", "--wide", program)
    found = []
    if not re.search(r"Type:\s+DYN", headers) or not re.search(r"\(FLAGS_1\).*\bPIE\b", headers):
        found.append("is not position-independent")
    if "GNU_RELRO" not in headers:
        found.append("has no relocations that become read-only")
    if not re.search(r"\(FLAGS_1\).*\bNOW\b", headers):
        found.append("binds symbols when they are first called")
    stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+(.*?)\s+0x", headers)
    if not stack or "E" in stack[1]:
        found.append("has an executable stack")
    if any("W" in flags and "E" in flags for flags in re.findall(r"LOAD(?:\s+0x\w+){5}\s+(.*?)\s+0x", headers)):
        found.append("has memory that is writable and executable")
    if "(TEXTREL)" in headers:
        found.append("changes its code when it is loaded")
    if "__stack_chk_fail" not in symbols:
        found.append("has no stack protector")
    if not re.search(r"\b__\w*(?:mem|str|printf|read)\w*_chk\b", symbols):
        found.append("has no fortified calls")
    with open(program, "rb") as file:
        if file.read().count(ENDBR64) <= FEW:
            found.append("does not mark the targets of branches")
    return found


# Programs that lack something, so that every check is seen to fail: their source, and how they are made.
COPIES = "#include <cstring>\nint main(int n, char** w) { char to[64]; std::strcpy(to, w[n - 1]); return to[0]; }\n"
POINTS = 'asm(".text\\n.globl _start\\n_start: .quad _start");\n'
CONTROLS = [
    (COPIES, ["-O1", "-fno-pie", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fcf-protection=none",
              "-Wl,-z,norelro", "-Wl,-z,lazy", "-Wl,-z,execstack"]),
    (POINTS, ["-nostdlib", "-no-pie", "-static", "-Wl,--omagic"]),
    (POINTS, ["-nostdlib", "-fPIE", "-pie", "-Wl,-z,notext"]),
]
CHECKS = 9


def controls(compiler):
    """All that the controls lack."""
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        for source, options in CONTROLS:
            text, program = os.path.join(folder, "control.cc"), os.path.join(folder, "control")
            with open(text, "w", encoding="ascii") as file:
                file.write(source)
            subprocess.run([*compiler, "-o", program, text, *options], check=True)
            found.update(lacks(program))
    return found


def main():
    split = sys.argv.index("--")
    compiler, programs = sys.argv[1:split], sys.argv[split + 1:]
    seen = controls(compiler)
    failed = len(seen) != CHECKS
    if failed:
        print(f"the controls, which lack everything, lack only: {sorted(seen)}")
    for program in programs:
        found = lacks(program)
        print(f"{program}: {', '.join(found) or 'hardened'}")
        failed = failed or bool(found)
    sys.exit(1 if failed else 0)


main()
