"""Protobuf by hand: messages are written field by field and read without their description."""


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """A field of text, bytes or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    """[(number, value), ...] of one message; values are ints or bytes, those of fixed size too."""
    out, at = [], 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        number, wire = divmod(read_varint(), 8)
        if wire == 0:
            out.append((number, read_varint()))
            continue
        assert wire in (1, 2, 5), wire
        size = {1: 8, 5: 4}.get(wire) or read_varint()
        out.append((number, data[at:at + size]))
        at += size
    return out


def all_of(data, number):
    return [value for n, value in fields(data) if n == number]


def one(data, number, *default):
    """The last one counts; LookupError when there is none and no default."""
    return [*default, *all_of(data, number)][-1]
