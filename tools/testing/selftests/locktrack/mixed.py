#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Usage: mixed.py DIRECTORY SECONDS

Two processes do everything at random that a directory and its files are good for. What a
filesystem cannot do is left to it to refuse.
"""

import ctypes
import fcntl
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
RENAME_FLAGS = (0, 0, 0, 1, 2, 4)  # NOREPLACE, EXCHANGE, WHITEOUT
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_FIEMAP = 0x80086601, 0x40086602, 0xC020660B
RENAME_NR, AT_FDCWD = 316, -100
NAMES = [f"n{i}" for i in range(12)]
DIRS = [f"d{i}" for i in range(4)]


def in_child(child, parent=lambda: None):
    """Does both at the same time, one in a child."""
    pid = os.fork()
    if pid == 0:
        try:
            child()
        finally:
            os._exit(0)
    try:
        parent()
    finally:
        os.waitpid(pid, 0)


def name():
    return os.path.join(random.choice(DIRS + ["."]), random.choice(NAMES))


def opened(flags=os.O_RDWR | os.O_CREAT):
    return os.fdopen(os.open(name(), flags, 0o600), "r+b", buffering=0)


def write():
    with opened() as file:
        file.seek(random.randrange(100000))
        file.write(random.randbytes(random.choice((10, 4096, 50000))))


def append():
    with opened(os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
        file.write(b"more")


def read():
    with open(name(), "rb") as file:
        file.read()


def sync():
    with opened() as file:
        file.write(b"data")
        random.choice((os.fsync, os.fdatasync))(file.fileno())


def mapped():
    # Nobody else may truncate it: that is a signal.
    path = os.path.join(random.choice(DIRS), f"mapped{os.getpid()}")
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        file.truncate(65536)
        kind = random.choice((mmap.MAP_SHARED, mmap.MAP_PRIVATE))
        with mmap.mmap(file.fileno(), 65536, kind) as memory:
            memory[random.randrange(65536)] = memory[1] ^ 1
            memory.madvise(random.choice((mmap.MADV_WILLNEED, mmap.MADV_DONTNEED)))
            memory.flush()
            file.truncate(random.randrange(65536))
            in_child(lambda: memory[0])


def direct():
    with opened(os.O_RDWR | os.O_CREAT | os.O_DIRECT) as file, mmap.mmap(-1, 8192) as memory:
        os.pwritev(file.fileno(), [memory], 4096)
        os.preadv(file.fileno(), [memory], 0)


def allocate():
    with opened() as file:
        mode = random.choice((0, 1, 3, 8, 16, 32))  # keep size, punch, collapse, zero, insert
        libc.fallocate(file.fileno(), mode, ctypes.c_long(4096 * random.randrange(4)), ctypes.c_long(8192))


def truncate():
    os.truncate(name(), random.randrange(100000))


def holes():
    with opened() as file:
        os.lseek(file.fileno(), 0, os.SEEK_HOLE)
        os.lseek(file.fileno(), 0, os.SEEK_DATA)


def copy():
    with opened() as one, opened() as other:
        os.copy_file_range(one.fileno(), other.fileno(), 10000)


def clone():
    with opened() as one, opened() as other:
        fcntl.ioctl(one, 0x40049409, other.fileno())  # FICLONE


def splice():
    near, far = os.pipe()
    try:
        with opened() as one, opened() as other:
            count = os.splice(one.fileno(), far, 8192)
            os.splice(near, other.fileno(), count)
            os.sendfile(other.fileno(), one.fileno(), 0, 8192)
    finally:
        os.close(near)
        os.close(far)


def locks():
    with opened() as file:
        for lock in (fcntl.flock, fcntl.lockf):
            lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock(file, fcntl.LOCK_UN)


def lease():
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    path = name()
    with open(path, "rb") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        finally:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def ioctl():
    with opened() as file:
        buffer = bytearray(8)
        fcntl.ioctl(file, FS_IOC_GETFLAGS, buffer)
        fcntl.ioctl(file, FS_IOC_SETFLAGS, bytes(buffer))
        fcntl.ioctl(file, FS_IOC_FIEMAP, bytearray(struct.pack("QQIIII", 0, 1 << 40, 0, 0, 4, 0) + bytes(224)))


def tmpfile():
    fd = os.open(random.choice(DIRS), os.O_TMPFILE | os.O_RDWR, 0o600)
    try:
        os.write(fd, b"data")
        os.link(f"/proc/self/fd/{fd}", name(), follow_symlinks=True)
    finally:
        os.close(fd)


def rename():
    libc.syscall(RENAME_NR, AT_FDCWD, name().encode(), AT_FDCWD, name().encode(), random.choice(RENAME_FLAGS))


def rename_dir():
    one = random.choice(DIRS)
    os.rename(one, os.path.join(random.choice(DIRS), "moved"))
    os.makedirs(one, exist_ok=True)


def xattr():
    path = name()
    os.setxattr(path, "user.test", random.randbytes(random.choice((5, 2000))))
    os.getxattr(path, "user.test")
    os.listxattr(path)
    os.removexattr(path, "user.test")


def acl():
    entries = [(1, 6, -1), (2, 4, 1000), (4, 4, -1), (16, 6, -1), (32, 0, -1)]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    path = random.choice(DIRS)
    os.setxattr(path, random.choice(("system.posix_acl_access", "system.posix_acl_default")), value)
    os.getxattr(path, "system.posix_acl_access")


def attributes():
    path = name()
    os.chmod(path, random.choice((0o600, 0o644)))
    os.chown(path, random.choice((0, 1000)), -1)
    os.utime(path)
    os.stat(path)
    os.access(path, os.R_OK)


def listing():
    # Two that read by one description, and one that seeks.
    fd = os.open(random.choice(DIRS + ["."]), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.listdir(fd)
        os.lseek(fd, 0, os.SEEK_SET)
        in_child(lambda: os.listdir(fd), lambda: os.listdir(fd))
    finally:
        os.close(fd)


def fifo():
    # Of a name that nobody opens: that would wait.
    os.mkfifo("fifo")
    os.unlink("fifo")


def usage():
    os.statvfs(".")
    os.sync()


OPERATIONS = [
    write, append, read, sync, mapped, direct, allocate, truncate, holes, copy, clone, splice, locks, lease,
    ioctl, tmpfile, rename, rename, rename_dir, xattr, acl, attributes, listing, usage,
    lambda: os.close(os.open(name(), os.O_CREAT | os.O_EXCL | os.O_WRONLY)),
    lambda: os.link(name(), name()),
    lambda: os.symlink(random.choice(NAMES), name()),
    lambda: os.readlink(name()),
    fifo,
    lambda: os.mknod(name(), 0o20600, 0x103),
    lambda: os.mkdir(name()),
    lambda: os.rmdir(name()),
    lambda: os.unlink(name()),
    lambda: os.unlink(name()),
    lambda: shutil.rmtree(os.path.join(random.choice(DIRS), "moved"), ignore_errors=True),
]


def work(seed, seconds):
    random.seed(seed)
    end = time.monotonic() + seconds
    done = 0
    # Nothing here should wait for long.
    signal.alarm(int(seconds) + 60)
    while time.monotonic() < end:
        try:
            random.choice(OPERATIONS)()
        except (OSError, ValueError):
            pass
        done += 1
    return done


def main():
    where, seconds = sys.argv[1], float(sys.argv[2])
    os.chdir(where)
    top = "mixed"
    os.mkdir(top)
    os.chdir(top)
    for path in DIRS:
        os.mkdir(path)
    child = os.fork()
    if child == 0:
        work(1, seconds)
        os._exit(0)
    done = work(2, seconds)
    os.waitpid(child, 0)
    os.chdir("..")
    shutil.rmtree(top, ignore_errors=True)
    print(f"{done} operations in one of two processes")


main()
