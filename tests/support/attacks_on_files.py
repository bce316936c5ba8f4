"""A hostile analyser reaches for files and for the network."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys

from attacker import attack, path, raw, read, targets

# -- files


@attack
def read_passwd() -> bool:
    return read("/etc/passwd")


@attack
def read_key() -> bool:
    return read(targets["key"])


@attack
def read_outbox() -> bool:
    return read(targets["outbox"])


@attack
def open_by_openat2() -> bool:
    how = struct.pack("=QQQ", os.O_RDONLY, 0, 0)
    return raw(437, 437, -100, ctypes.c_char_p(path("key")), ctypes.c_char_p(how), 24) >= 0


@attack
def open_the_program_itself() -> bool:
    return read(sys.executable)


@attack
def open_own_descriptor_again() -> bool:
    return os.open("/proc/self/fd/0", os.O_RDWR) >= 0


@attack
def list_the_root() -> bool:
    return bool(os.listdir("/"))  # noqa: PTH208


@attack
def see_that_a_file_is_there() -> bool:
    return os.stat(targets["key"]).st_size >= 0  # noqa: PTH116


@attack
def write_a_file() -> bool:
    return os.open(targets["folder"] + "/new", os.O_CREAT | os.O_WRONLY) >= 0


@attack
def append_to_the_outbox() -> bool:
    return os.write(os.open(targets["outbox"], os.O_WRONLY | os.O_APPEND), b"x") == 1


@attack
def make_a_folder() -> bool:
    return os.mkdir(targets["folder"] + "/d") is None  # noqa: PTH102


@attack
def make_a_symbolic_link() -> bool:
    return os.symlink("/etc/passwd", targets["folder"] + "/s") is None  # noqa: PTH211


@attack
def make_a_hard_link() -> bool:
    return os.link(targets["key"], targets["folder"] + "/h") is None


@attack
def make_a_fifo() -> bool:
    return os.mkfifo(targets["folder"] + "/f") is None


@attack
def rename_a_file() -> bool:
    return os.rename(targets["victim"], targets["victim"] + ".away") is None  # noqa: PTH104


@attack
def remove_a_file() -> bool:
    return os.unlink(targets["folder"] + "/removable") is None  # noqa: PTH108


@attack
def cut_a_file() -> bool:
    return os.truncate(targets["outbox"], 1) is None


@attack
def change_the_mode_of_a_file() -> bool:
    return os.chmod(targets["key"], 0o600) is None  # noqa: PTH101


@attack
def change_the_owner_of_a_file() -> bool:
    return os.chown(targets["key"], os.getuid(), -1) is None


@attack
def change_the_time_of_a_file() -> bool:
    return os.utime(targets["key"], (1, 1)) is None


@attack
def hide_bits_in_an_attribute() -> bool:
    return os.setxattr(targets["key"], "user.word", b"secret") is None


@attack
def watch_a_folder() -> bool:
    return raw(294, 26, 0) >= 0  # inotify_init1


# -- the network


@attack
def send_udp() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"secret", ("127.0.0.1", targets["udp"])) == 6


@attack
def connect_by_tcp() -> bool:
    with socket.socket() as sender:
        return sender.connect(("127.0.0.1", targets["tcp"])) is None


@attack
def listen_by_tcp() -> bool:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.listen() is None


@attack
def connect_to_a_unix_socket() -> bool:
    with socket.socket(socket.AF_UNIX) as sender:
        return sender.connect(targets["unix"]) is None


@attack
def connect_to_an_abstract_socket() -> bool:
    with socket.socket(socket.AF_UNIX) as sender:
        return sender.connect("\0" + targets["abstract"]) is None


@attack
def ask_the_kernel_by_netlink() -> bool:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sender:
        return sender.bind((0, 0)) is None


@attack
def make_a_pair_of_sockets() -> bool:
    one, other = socket.socketpair()
    one.close()
    return other.close() is None
