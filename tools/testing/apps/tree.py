#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes trees of files of each kind at random, changes them, and says all about one.

Usage: tree.py make DIRECTORY FILES SEED    prints the sums of all files, as sha256sum does
       tree.py plain DIRECTORY FILES SEED   the same with small files and directories alone
       tree.py change DIRECTORY SEED        removes, renames, writes, truncates and adds some
       tree.py list DIRECTORY [LINKS]       a line for each name, in their order; hard links are said
                                            to be so, or with LINKS=no, are as any files
"""

import hashlib
import os
import random
import stat
import struct
import sys

ACCESS = "system.posix_acl_access"


def acl(uid):
    """Of a file with mode 640 that this user may read, as the kernel takes it."""
    entries = [(1, 6, -1), (2, 4, uid), (4, 4, -1), (16, 4, -1), (32, 0, -1)]
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, rights, who & 0xFFFFFFFF) for tag, rights, who in entries
    )


def name_of(rng, number):
    """Short ones and the longest, and such that programs stumble over."""
    kind = rng.randrange(20)
    if kind == 0:
        return f"{number}-" + "n" * (254 - len(str(number)))
    if kind == 1:
        return f"-{number} \t'\"\\{number}"
    if kind == 2:
        return f"Größe {number} \u65e5\u672c"
    return f"f{number}"


def contents(rng):
    """Bytes to write and where: most files are small, and some have holes."""
    kind = rng.randrange(20)
    length = rng.choice((0, 1, 100, 4095, 4096, 4097)) if kind < 8 else int(2 ** rng.uniform(7, 17))
    data = rng.randbytes(length)
    if kind == 19:
        return [(0, data), (rng.randrange(1 << 20, 1 << 21), data)]
    return [(0, data)]


def write(path, parts, sums):
    whole = hashlib.sha256()
    end = 0
    with open(path, "wb") as file:
        for offset, data in parts:
            file.seek(offset)
            file.write(data)
            whole.update(bytes(offset - end))
            whole.update(data)
            end = offset + len(data)
    sums[path] = whole.hexdigest()


def decorate(path, rng):
    """What an inode has besides contents."""
    kind = rng.randrange(12)
    if kind == 0 and not stat.S_ISFIFO(os.lstat(path).st_mode):
        os.setxattr(path, "user.note", rng.randbytes(rng.randrange(200)))
    elif kind == 1:
        os.setxattr(path, "trusted.note", b"t")
    elif kind == 2:
        os.chmod(path, 0o640)
        os.setxattr(path, ACCESS, acl(rng.randrange(1, 5)))
    elif kind == 3:
        os.chown(path, rng.randrange(1000), rng.randrange(1000))
        os.chmod(path, rng.choice((0o4755, 0o2755, 0o600, 0o444)))
    elif kind == 4:
        os.utime(path, ns=(1, rng.randrange(1 << 60)))


def make(top, files, seed):
    rng = random.Random(seed)
    os.mkdir(top)
    directories = [top]
    sums = {}
    for number in range(files):
        path = os.path.join(rng.choice(directories), name_of(rng, number))
        kind = rng.randrange(40)
        if kind < 4:
            os.mkdir(path)
            if path.count("/") < 12 and len(path) < 1500:
                directories.append(path)
        elif kind < 6:
            os.symlink(rng.choice((f"f{number - 1}", "/nowhere", "t" * 1000)), path)
            continue
        elif kind == 6 and sums:
            old = rng.choice(list(sums))
            os.link(old, path)
            sums[path] = sums[old]
            continue
        elif kind == 7:
            os.mkfifo(path)
        elif kind == 8:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
            continue
        else:
            write(path, contents(rng), sums)
        decorate(path, rng)
    print_sums(sums)


def make_plain(top, files, seed):
    """Lines of text, as programs that compress like them."""
    rng = random.Random(seed)
    os.mkdir(top)
    directories = [top]
    sums = {}
    for number in range(files):
        if rng.randrange(12) == 0:
            directories.append(os.path.join(rng.choice(directories[-50:]), f"d{number}"))
            os.mkdir(directories[-1])
        path = os.path.join(rng.choice(directories), name_of(rng, number))
        lines = [f"{number} {line} {rng.randrange(1 << 32)}\n" for line in range(rng.randrange(60))]
        write(path, [(0, "".join(lines).encode())], sums)
        os.chmod(path, rng.choice((0o644, 0o644, 0o644, 0o755)))
    print_sums(sums)


def print_sums(sums):
    for path, digest in sums.items():
        # That program's own way to write such names.
        escaped = path.replace("\\", "\\\\")
        print(("\\" if escaped != path else "") + f"{digest}  {escaped}")


def walk(top):
    """All paths below, each directory before what is in it, in the order of names."""
    yield top
    for name in sorted(os.listdir(top)):
        path = os.path.join(top, name)
        if stat.S_ISDIR(os.lstat(path).st_mode):
            yield from walk(path)
        else:
            yield path


def change(top, seed):
    rng = random.Random(seed)
    paths = [path for path in walk(top) if path != top]
    for number, path in enumerate(paths):
        if not os.path.lexists(path) or rng.randrange(6):
            continue
        directory = os.path.dirname(path)
        kind = rng.randrange(4)
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.rename(path, os.path.join(directory, f"moved{number}"))
        elif kind == 0:
            os.unlink(path)
        elif kind == 1 and stat.S_ISREG(os.lstat(path).st_mode):
            with open(path, "r+b") as file:
                file.seek(os.fstat(file.fileno()).st_size // 2)
                file.write(rng.randbytes(10))
                file.truncate()
        elif kind == 2:
            os.rename(path, os.path.join(directory, f"renamed{number}"))
        else:
            write(os.path.join(directory, f"new{number}"), contents(rng), {})


def described(path, names, links):
    """All that a copy has to have. How large a directory is, is the filesystem's own affair."""
    st = os.lstat(path)
    words = [stat.filemode(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns]
    if not stat.S_ISDIR(st.st_mode):
        words.append(st.st_size)
        if links:
            # Known by the first of their names.
            words += [st.st_nlink, names.setdefault(st.st_ino, path)]
    if stat.S_ISLNK(st.st_mode):
        words.append(os.readlink(path))
    elif stat.S_ISREG(st.st_mode):
        with open(path, "rb") as file:
            words.append(hashlib.file_digest(file, "sha256").hexdigest())
    elif not stat.S_ISDIR(st.st_mode):
        words.append(st.st_rdev)
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        words.append((name, os.getxattr(path, name, follow_symlinks=False)))
    return words


def list_tree(top, links="yes"):
    os.chdir(top)
    names = {}
    for path in walk("."):
        print(ascii(path), *map(ascii, described(path, names, links == "yes")))


def main():
    command, *arguments = sys.argv[1:]
    if command == "make" and len(arguments) == 3:
        make(arguments[0], int(arguments[1]), arguments[2])
    elif command == "plain" and len(arguments) == 3:
        make_plain(arguments[0], int(arguments[1]), arguments[2])
    elif command == "change" and len(arguments) == 2:
        change(*arguments)
    elif command == "list" and len(arguments) in (1, 2):
        list_tree(*arguments)
    else:
        sys.exit(__doc__)


main()
