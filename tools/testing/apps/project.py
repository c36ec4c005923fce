#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a C project at random: so many source files, each with a header, and a Makefile.

Usage: project.py DIRECTORY FILES SEED

Prints what the program that it makes has to print. Each file has functions that change a number, and
calls those of the file before it; the program says what becomes of some numbers in the end.
"""

import os
import random
import sys

PER_DIRECTORY = 25
STARTS = (0, 1, 12345, 0xFFFFFFFF)
MASK = 0xFFFFFFFF

MAKEFILE = """\
CFLAGS = -O1 -g -Wall -Werror -Iinclude -MMD -MP
objects := $(patsubst %.c,%.o,$(wildcard */*.c))
archives := $(patsubst %/,%/all.a,$(sort $(dir $(objects))))

program: main.o $(archives)
	$(CC) -o $@ main.o -Wl,--start-group $(archives) -Wl,--end-group

define archive
$(1): $$(filter $$(dir $(1))%,$$(objects))
	rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach one,$(archives),$(eval $(call archive,$(one))))

clean:
	rm -f program main.o main.d */*.o */*.d */*.a

-include main.d $(objects:.o=.d)
"""


class Step:
    """x -> ((x * factor + term) ^ (x >> shift)), with 32 bits."""

    def __init__(self, rng):
        self.factor = rng.randrange(1, 1 << 32, 2)
        self.shift = rng.randrange(1, 31)

    def text(self, name, term):
        return (
            f"static uint32_t {name}(uint32_t x)\n{{\n"
            f"\treturn (x * {self.factor:#x}u + {term}) ^ (x >> {self.shift});\n}}\n\n"
        )

    def value(self, x, term):
        return ((x * self.factor + term) & MASK) ^ (x >> self.shift)


def main():
    directory, files, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    rng = random.Random(seed)
    os.makedirs(os.path.join(directory, "include"))
    os.chdir(directory)
    values = list(STARTS)
    for number in range(files):
        folder = f"part{number // PER_DIRECTORY}"
        os.makedirs(folder, exist_ok=True)
        term = rng.randrange(1 << 32)
        with open(f"include/f{number}.h", "w") as header:
            header.write(
                f"#ifndef F{number}_H\n#define F{number}_H\n#include <stdint.h>\n"
                f"#define TERM{number} {term:#x}u\nuint32_t f{number}(uint32_t x);\n#endif\n"
            )
        steps = [Step(rng) for _ in range(rng.randrange(2, 20))]
        with open(f"{folder}/f{number}.c", "w") as source:
            source.write(f'#include "f{number}.h"\n')
            if number:
                source.write(f'#include "f{number - 1}.h"\n')
            source.write("\n")
            for i, step in enumerate(steps):
                source.write(step.text(f"step{i}", f"TERM{number}"))
            source.write(f"uint32_t f{number}(uint32_t x)\n{{\n")
            if number:
                source.write(f"\tx = f{number - 1}(x);\n")
            for i in range(len(steps)):
                source.write(f"\tx = step{i}(x);\n")
            source.write("\treturn x;\n}\n")
        for step in steps:
            values = [step.value(x, term) for x in values]
    with open("main.c", "w") as source:
        source.write(f'#include <stdio.h>\n#include "f{files - 1}.h"\n\nint main(void)\n{{\n')
        for start in STARTS:
            source.write(f'\tprintf("%u\\n", (unsigned int)f{files - 1}({start}u));\n')
        source.write("\treturn 0;\n}\n")
    with open("Makefile", "w") as makefile:
        makefile.write(MAKEFILE)
    for value in values:
        print(value)


main()
