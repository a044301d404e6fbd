"""The compact protocol of Thrift, in which the footer of a Parquet file is written.

Values keep their types, so what is read can be written again to the byte. Of a struct, that is a dictionary from the
number of a field to its type and value; of a list, its type and values.
Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
Struct = dict[int, tuple[int, Any]]


class Reader:
    """Reads values from bytes, from `position` on. Raises IndexError or ValueError for what is none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def struct(self) -> Struct:
        """Return the next struct."""
        fields: Struct = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._signed()
            fields[number] = kind, self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        match kind:
            case 1 | 2:  # the type of the field is the value
                return kind == TRUE
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                return self._bytes(8)
            case 8:
                return self._bytes(self._unsigned())
            case 9 | 10:
                return self._list()
            case 12:
                return self.struct()
        raise ValueError(f"type {kind}")

    def _list(self) -> tuple[int, list]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        kind = head & 15
        if kind in (TRUE, FALSE):  # in a list, each truth value is a byte
            return kind, [self._byte() for _ in range(count)]
        return kind, [self._value(kind) for _ in range(count)]

    def _byte(self) -> int:
        self.position += 1
        return self._data[self.position - 1]

    def _bytes(self, size: int) -> bytes:
        self.position += size
        if self.position > len(self._data):
            raise ValueError("an early end")
        return self._data[self.position - size : self.position]

    def _unsigned(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)


def encoded(fields: Struct) -> bytes:
    """Return the bytes of a struct."""
    output, last = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        step = number - last
        output += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + _signed(number)
        output += b"" if kind in (TRUE, FALSE) else _encoded_value(kind, value)
        last = number
    return bytes(output) + b"\0"


def list_head(kind: int, count: int) -> bytes:
    """Return what precedes the values of a list."""
    return bytes([count << 4 | kind]) if count < 15 else bytes([15 << 4 | kind]) + _unsigned(count)


def _encoded_value(kind: int, value: Any) -> bytes:
    match kind:
        case 3:
            return bytes([value])
        case 4 | 5 | 6:
            return _signed(value)
        case 7:
            return value
        case 8:
            return _unsigned(len(value)) + value
        case 9 | 10:
            inner, values = value
            in_bytes = inner in (TRUE, FALSE)
            return list_head(inner, len(values)) + b"".join(
                bytes([each]) if in_bytes else _encoded_value(inner, each) for each in values
            )
        case 12:
            return encoded(value)
    raise ValueError(f"type {kind}")


def _unsigned(value: int) -> bytes:
    output = bytearray()
    while value > 127:
        output.append(value & 127 | 128)
        value >>= 7
    return bytes([*output, value])


def _signed(value: int) -> bytes:
    return _unsigned((value << 1) ^ (value >> 63))
