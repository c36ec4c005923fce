#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packs a small Debian out of the one that it runs in: what is essential there, apt, perl and python.

Usage: pack-root.py ARCHIVE
"""

import glob
import io
import os
import re
import sys
import tarfile

WANTED = {"apt", "perl-base", "python3-minimal"}
DPKG = "/var/lib/dpkg"
# What no package owns, but programs need.
MORE = (
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/nsswitch.conf",
    "/etc/ld.so.conf",
    "/etc/alternatives",
    "/usr/bin/awk",
    f"{DPKG}/arch",
    f"{DPKG}/diversions",
    f"{DPKG}/info/format",
    f"{DPKG}/statoverride",
)


def fields(paragraph):
    return dict(re.findall(r"^([\w-]+): (.*)$", paragraph, re.MULTILINE))


def packages():
    """Those that are installed: what dpkg says of each, by its name and by what it provides."""
    with open(f"{DPKG}/status", encoding="utf-8") as status:
        paragraphs = status.read().strip().split("\n\n")
    found, provided = {}, {}
    for paragraph in paragraphs:
        package = fields(paragraph)
        if not package["Status"].endswith(" installed"):
            continue
        found[package["Package"]] = package | {"text": paragraph}
        for name in re.findall(r"[\w.+-]+(?= *\(|,|$)", package.get("Provides", "")):
            provided.setdefault(name, package["Package"])
    return found, provided


def closure(found, provided):
    """What is wanted, with all that it depends on."""
    todo = WANTED | {name for name, package in found.items() if package.get("Essential") == "yes"}
    chosen = set()
    while todo:
        name = todo.pop()
        chosen.add(name)
        package = found[name]
        for group in ", ".join((package.get("Pre-Depends", ""), package.get("Depends", ""))).split(","):
            for other in re.findall(r"(?:^|\|)\s*([\w.+-]+)", group):
                other = other if other in found else provided.get(other)
                if other:
                    todo |= {other} - chosen
                    break
    return chosen


def main():
    found, provided = packages()
    chosen = closure(found, provided)
    paths = set(MORE)
    for name in chosen:
        for info in glob.glob(f"{DPKG}/info/{name}.*") + glob.glob(f"{DPKG}/info/{name}:*"):
            paths.add(info)
            if info.endswith(".list"):
                with open(info, encoding="utf-8") as listed:
                    paths.update(listed.read().splitlines())
    paths -= {"/."}
    for path in list(paths):
        while (path := os.path.dirname(path)) != "/":
            paths.add(path)
    status = "\n\n".join(found[name]["text"] for name in sorted(chosen)) + "\n\n"
    with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(paths):
            if os.path.lexists(path):
                archive.add(path, arcname=path.lstrip("/"), recursive=False)
        member = tarfile.TarInfo(f"{DPKG}/status".lstrip("/"))
        member.size = len(status.encode())
        member.mode = 0o644
        archive.addfile(member, io.BytesIO(status.encode()))
    print(f"{len(chosen)} packages, {len(paths)} names")


main()
