"""Octet Encoding Rules: the few forms Interledger uses (RFC 30).

All integers are big-endian. A length is one byte below 128; from 128 on, one byte 0x80 + k, then k bytes.
"""

UINT64_MAX = 2**64 - 1


class Malformed(ValueError):
    """These bytes are not what their protocol says they must be."""


def uint8(value: int) -> bytes:
    return value.to_bytes(1)


def uint64(value: int) -> bytes:
    return value.to_bytes(8)


def var_uint(value: int) -> bytes:
    """Length, then the shortest big-endian form; zero takes one byte."""
    size = (value.bit_length() + 7) // 8 or 1
    return size.to_bytes(1) + value.to_bytes(size)


def var_octets(octets: bytes) -> bytes:
    return length(len(octets)) + octets


def length(count: int) -> bytes:
    """The length determinant of ``count`` bytes (RFC 30 §2.1)."""
    if count < 0x80:
        return count.to_bytes(1)
    size = (count.bit_length() + 7) // 8
    return (0x80 + size).to_bytes(1) + count.to_bytes(size)


class Reader:
    """Reads field after field; every method raises Malformed when the bytes run out. Trailing bytes are left alone."""

    __slots__ = ("_at", "_octets")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def octets(self, count: int) -> bytes:
        start, end = self._at, self._at + count
        if end > len(self._octets):
            raise Malformed(f"{end - len(self._octets)} bytes are missing")
        self._at = end
        return self._octets[start:end]

    def uint8(self) -> int:
        return self.octets(1)[0]

    def uint64(self) -> int:
        return int.from_bytes(self.octets(8))

    def var_octets(self) -> bytes:
        return self.octets(self._length())

    def var_uint(self) -> int:
        """An integer up to UInt64 (RFC 29 §5.1.4 allows the limit)."""
        value = int.from_bytes(self._integer())
        if value > UINT64_MAX:
            raise Malformed("an integer is larger than UInt64")
        return value

    def var_uint_saturated(self) -> int:
        """An integer; what is larger than UInt64 counts as the largest (RFC 29 §5.1.4)."""
        return min(int.from_bytes(self._integer()), UINT64_MAX)

    def _integer(self) -> bytes:
        octets = self.var_octets()
        if not octets:
            raise Malformed("an integer has no bytes")
        return octets

    def _length(self) -> int:
        first = self.uint8()
        if first < 0x80:
            return first
        octets = self.octets(first - 0x80)
        count = int.from_bytes(octets)
        if count < 0x80 or octets[0] == 0:
            raise Malformed("a length is not written in its shortest form")
        return count
