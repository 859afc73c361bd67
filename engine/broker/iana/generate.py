#!/usr/bin/env python3
"""Makes the table of special address ranges from the registries: generate.py REGISTRY.csv... ADDITIONS.csv OUTPUT.

A registry is what IANA publishes as iana-ipv4-special-registry-1.csv and iana-ipv6-special-registry-1.csv. Every row
counts, whatever its columns say about reachability: a range with a purpose of its own is nobody's public server. The
most specific range comes first, so that the first that holds an address names it.
"""

import csv
import ipaddress
import re
import sys

REASON = "registered for a special purpose"


def blocks(cell):
    """'192.0.0.170/32, 192.0.0.171/32' and '192.0.0.0/24 [2]' as networks; host bits are an error."""
    return [ipaddress.ip_network(re.sub(r"\s*\[\d+\]", "", block).strip()) for block in cell.split(",")]


def source(cell):
    """'[RFC1122], Section 3.2.1.3' as 'RFC 1122'."""
    return "RFC " + re.findall(r"\[RFC(\d+)\]", cell)[0]


def text(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(*arguments):
    *inputs, output = arguments
    ranges = {}
    for path in inputs:
        with open(path, encoding="ascii", newline="") as file:
            for row in csv.DictReader(file):
                for network in blocks(row["Address Block"]):
                    if network in ranges:
                        sys.exit(f"{path}: {network} is there twice")
                    ranges[network] = (row["Name"].strip('"'), source(row["RFC"]), row.get("Reason", REASON))
    order = sorted(ranges, key=lambda network: (network.version, -network.prefixlen, network.network_address))
    with open(output, "w", encoding="ascii") as file:
        for network in order:
            file.write("SpecialRange{" + ", ".join(text(part) for part in (str(network), *ranges[network])) + "},\n")


main(*sys.argv[1:])
