#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Usage: examples.py FOLDER

Prints the examples in the documentation of a crate, as tests of KUnit.
"""

import pathlib
import re
import sys

COMMENT = re.compile(r"\s*//[/!] ?(.*)")


def examples(folder):
    """The examples below a folder: (name, where, body of a function)."""
    for path in sorted(folder.glob("**/*.rs")):
        begin, text = 0, []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            comment = COMMENT.fullmatch(line)
            if not comment:
                begin = 0
            elif comment[1].startswith("```"):
                if begin > 0:
                    where = path.relative_to(folder).with_suffix("")
                    name = "example_" + re.sub(r"\W", "_", f"{where}_{begin}")
                    yield name, f"{path}:{begin}", "\n".join(text)
                # What is no Rust says what it is.
                begin = 0 if begin else number if comment[1] == "```" else -1
                text = []
            elif begin > 0:
                # As in rustdoc, a line with a `#` is not shown.
                text.append(re.sub(r"^(\s*)# ", r"\1", comment[1]))


def function(name, body):
    """An example as a function."""
    return f"fn {name}() -> Result {{\n{body}\nOk(())\n}}\n"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(examples(pathlib.Path(sys.argv[1])))
    print("#[kunit_tests(vfs_examples)]\nmod examples {\nuse kernel::prelude::*;\nuse crate::testfs::*;")
    for name, _, body in found:
        print("#[test]\n" + function(name, body))
    print("}")


if __name__ == "__main__":
    main()
