#!/usr/bin/env python3
"""Writes the files of a folder as C++: a table of paths and texts. usage: embed_folder.py FOLDER NAME OUT.h DEPFILE"""
import os
import sys

LEFT_OUT = {"node_modules", "dist", "package-lock.json"}  # what working in the folder leaves there


def literal(data: bytes) -> str:
    lines = data.split(b"\n")
    pieces = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return "\n".join('        "%s"' % "".join(escape(byte) for byte in piece) for piece in pieces) or '        ""'


def escape(byte: int) -> str:
    if byte == 0x0A:
        return "\\n"
    if byte in (0x22, 0x5C):
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else "\\%03o" % byte


def main(folder: str, name: str, out: str, depfile: str) -> None:
    entries, read = [], []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        read.append(place)  # so that a new file is seen
        for each in sorted(set(files) - LEFT_OUT):
            path = os.path.join(place, each)
            read.append(path)
            with open(path, "rb") as file:
                entries.append((os.path.relpath(path, folder), file.read()))
    if not entries:
        sys.exit(f"{folder} has no files")
    with open(out, "w", encoding="ascii") as file:
        file.write("// Made by engine/cli/embed_folder.py.\n#pragma once\n\n#include <array>\n\n")
        file.write('#include "engine/cli/embedded_file.h"\n\nnamespace warder::cli {\n\n')
        file.write(f"inline constexpr std::array<EmbeddedFile, {len(entries)}> {name} = {{{{\n")
        for path, data in sorted(entries):
            file.write('    {"%s",\n%s},\n' % (path, literal(data)))
        file.write("}};\n\n}  // namespace warder::cli\n")
    with open(depfile, "w", encoding="utf-8") as file:
        file.write(f"{out}: {' '.join(path.replace(' ', chr(92) + ' ') for path in read)}\n")


main(*sys.argv[1:])
