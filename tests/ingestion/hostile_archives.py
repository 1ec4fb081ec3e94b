"""ZIP files that try to cost time, memory or disk, made small."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile


def zip_of(members: Mapping[str, bytes | str], compression: int = ZIP_STORED) -> bytes:
    """An honest archive."""
    held = io.BytesIO()
    with ZipFile(held, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def flat_bomb(unpacked_bytes: int) -> bytes:
    """One member of zeros."""
    return zip_of({"zeros.txt": bytes(unpacked_bytes)}, ZIP_DEFLATED)


def nested_bomb(levels: int, width: int, leaf: bytes) -> bytes:
    """Archives of archives, `width` in each, the leaf inside the last."""
    data = leaf
    for _ in range(levels):
        data = zip_of({f"{number}.zip": data for number in range(width)}, ZIP_DEFLATED)
    return data


def overlapping_bomb(members: int, kernel_bytes: int) -> bytes:
    """Many members that are the same bytes, as in D. Fifield, A better zip bomb (2019), without its quoting."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = packer.compress(bytes(kernel_bytes)) + packer.flush()
    crc = zlib.crc32(bytes(kernel_bytes))
    sizes = struct.pack("<LLL", crc, len(kernel), kernel_bytes)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 1, 0) + b"a"
    directory = b"".join(
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<HHHHHLL", 8, 0, 0, 0, 0, 0, 0)
        + f"{number:08d}".encode()
        for number in range(members)
    )
    return local + kernel + directory + _end(members, len(directory), len(local) + len(kernel))


def crowded(entries: int) -> bytes:
    """A directory of so many empty members, all at one place."""
    local = b"PK\x03\x04" + struct.pack("<HHHHHLLLHH", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    entry = b"PK\x01\x02" + struct.pack("<HHHHHHLLLHHHHHLL", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    return local + entry * entries + _end(min(entries, 65_535), len(entry) * entries, len(local))


def liar(claimed_bytes: int, real: bytes) -> bytes:
    """A member that claims another size than it has, in both its headers."""
    data = bytearray(zip_of({"liar.txt": real}, ZIP_DEFLATED))
    struct.pack_into("<L", data, 22, claimed_bytes)
    struct.pack_into("<L", data, data.rindex(b"PK\x01\x02") + 24, claimed_bytes)
    return bytes(data)


def _end(entries: int, directory_bytes: int, offset: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, entries, entries, directory_bytes, offset, 0)
