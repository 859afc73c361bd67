"""Draws what the benchmarks have measured: one SVG for each of their JSON files, by gnuplot.

    plot.py MEASURED FIGURES

Text and lines are of a grey that can be read on white and on black; the background is left out.
"""
import json
import pathlib
import subprocess
import sys

GREY = "#808080"
COLOURS = ("#1f9e89", "#e07b39", "#7570d6", "#c2417c")


def head(out, width, height):
    return f"""set terminal svg size {width},{height} dynamic font "sans-serif,12" noenhanced
set output "{out}"
set border 3 lc rgb "{GREY}"
set tics nomirror textcolor rgb "{GREY}"
set key textcolor rgb "{GREY}" samplen 2
set xlabel textcolor rgb "{GREY}"
set ylabel textcolor rgb "{GREY}"
set title textcolor rgb "{GREY}"
set label 1 textcolor rgb "{GREY}"
set style line 1 lc rgb "{COLOURS[0]}" lw 2 pt 7 ps 0.5
set style line 2 lc rgb "{COLOURS[1]}" lw 2 pt 7 ps 0.5
set style line 3 lc rgb "{COLOURS[2]}" lw 2 pt 7 ps 0.5
set style line 4 lc rgb "{COLOURS[3]}" lw 2 pt 7 ps 0.5
"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def block(name, rows):
    lines = [" ".join(quoted(cell) if isinstance(cell, str) else repr(cell) for cell in row) for row in rows]
    return f"${name} << END\n" + "\n".join(lines) + "\nEND\n"


def scale(measured):
    """Three curves: what the next execution costs where there are so many."""
    script = ""
    curves = measured["curves"]
    for index, curve in enumerate(curves):
        rows = [(p["count"], p["p50"], p["p90"], p["processor"]) for p in curve["points"]]
        script += block(f"curve{index}", rows)
    title = quoted("the next execution, ms\n" + measured["machine"])
    script += f'set multiplot layout 1,{len(curves)} title {title} textcolor rgb "{GREY}"\nset yrange [0:*]\n'
    script += "set key bottom right\n"
    names = {"cells": "cells that wait beside it", "tenants": "tenants before it", "handles": "handles granted to others"}
    for index, curve in enumerate(curves):
        most = curve["points"][-1]["count"]
        magnitude = 10 ** (len(str(most)) - 1)
        script += f"set xrange [0:{most}]\nset xtics {magnitude // 4 * (most // magnitude)}\n"
        script += f'set xlabel {quoted(names[curve["name"]])}\n'
        script += "plot " + ", ".join(
            f'$curve{index} using 1:{column} with linespoints ls {style} title "{name}"'
            for column, style, name in ((2, 1, "until its result, p50"), (3, 2, "p90"), (4, 3, "processor time"))) + "\n"
    return script + "unset multiplot\n", (900, 340)


def bars(rows, columns, machine, what, logarithmic):
    """Horizontal groups would need more of gnuplot than it has: bars stand, their names lean."""
    script = block("rows", rows)
    script += f'set title {quoted(what + chr(10) + machine)}\nset style data histogram\n'
    script += "set style histogram clustered gap 1\nset style fill solid 0.85 noborder\n"
    script += "set xtics rotate by -25 noenhanced\nset rmargin 12\nset key top left\n"
    script += "set logscale y\nset yrange [0.1:*]\n" if logarithmic else "set yrange [0:*]\n"
    script += "plot " + ", ".join(
        f'$rows using {column + 2}:xtic(1) ls {column + 1} title "{name}"' for column, name in enumerate(columns))
    return script + "\n"


def executions(measured):
    rows = [(e["name"], e["result_p50"], e["result_p99"], e["cpu"]) for e in measured["latency"]]
    columns = ("until its result, p50", "p99", "processor time")
    return bars(rows, columns, measured["machine"], "an execution in a running engine, ms", False), (640, 360)


def peers(measured):
    calls = {row["subject"]: row["p50"] for row in measured["call"]}
    rows = [(r["subject"], r["p50"], r["p99"], calls.get(r["subject"], "?")) for r in measured["trivial"]]
    rows = [tuple("?" if cell == "?" else cell for cell in row) for row in rows]
    script = 'set datafile missing "?"\n'
    columns = ("trivial, p50", "trivial, p99", "one HTTP call, p50")
    return script + bars(rows, columns, measured["machine"], "in turn with others, ms", True), (900, 420)


def main(folder, figures):
    drawn = 0
    for name, draw in (("scale", scale), ("executions", executions), ("peers", peers)):
        source = folder / f"{name}.json"
        if not source.exists():
            print(f"{source} is missing: not drawn", file=sys.stderr)
            continue
        script, size = draw(json.loads(source.read_text()))
        target = figures / f"{name}.svg"
        subprocess.run(["gnuplot"], input=head(target, *size) + script, text=True, check=True)
        print(target)
        drawn += 1
    return 0 if drawn else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
