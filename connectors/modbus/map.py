"""Where each point lies in the devices of one source, octet by octet.

All areas (one table of one device each) lie one after the other in one image, an array of 16-bit words (or bits, one
a word). A point is a list of octets of the image, the most significant first: word and byte order are settled here,
so that reading is one gather a data type. The simulator encodes through the same map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectors.fast_group import rows_read
from plantsafe.errors import SourceError
from plantsafe.frame import F8
from plantsafe.plant import Plant
from plantsafe.plant.model import Point

Places = NDArray[np.intp]

# name in the plant file -> big-endian dtype; a bool is one word here, whatever table it comes from
DTYPES = {
    "bool": ">u2",
    "int16": ">i2",
    "uint16": ">u2",
    "int32": ">i4",
    "uint32": ">u4",
    "int64": ">i8",
    "uint64": ">u8",
    "float32": ">f4",
    "float64": ">f8",
}
KINDS = tuple(DTYPES)
WORDS = {kind: np.dtype(name).itemsize // 2 for kind, name in DTYPES.items()}
READ_FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}  # Modbus application protocol V1.1b3, 6.1-6.4
BIT_TABLES = ("coil", "discrete")
LAST_ADDRESS = 65535
STRING = "string"
ENCODINGS = ("utf-8", "gb18030")  # what devices write texts in; the first is what the simulator writes
Codes = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one value is and how it is written; `address` is zero-based as on the wire.

    word_order and byte_order name which comes first: big big is ABCD, little big CDAB, big little BADC, little little
    DCBA. The byte order holds for every word, so for one that a bit is taken from, too.
    """

    table: str
    address: int
    device: int = 1
    type: str = "uint16"
    bit: int | None = None
    word_order: str = "big"
    byte_order: str = "big"
    scale: float = 1.0
    offset: float = 0.0
    length: int | None = None  # of a string, in registers


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One table of one device: addresses from `start`, `size` of them, at `base` in the image."""

    device: int
    table: str
    start: int
    size: int
    base: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The points of one data type: which, and the octets of each in the image (n, octets), most significant first.

    bit (n) is the bit that a bool is, -1 where any bit set means true; it is empty for numbers.
    """

    kind: str
    points: Places
    octets: Places
    bit: NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextPlace:
    """A point that is a text: its octets in the image, first character first, and the code of each text it may show."""

    point: int
    octets: Places
    codes: Codes
    known: Mapping[bytes, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegisterMap:
    """The points of one source in the order of `Source.points`; `rows` are their rows in the frame.

    at (first word in the image), words, scale, offset: (n_points).
    """

    rows: Places
    names: tuple[str, ...]
    areas: tuple[Area, ...]
    size: int
    at: Places
    words: Places
    groups: tuple[Group, ...]
    texts: tuple[TextPlace, ...]
    scale: F8
    offset: F8


def register_map(plant: Plant, source: str, group: str | None = None) -> RegisterMap:
    """The map of a source of the plant, or of one of its fast groups; raises SourceError for what cannot work."""
    rows = rows_read(plant, source, group)
    points = [plant.file.points[int(row)] for row in rows]
    places = []
    for point in points:
        if point.modbus is None:
            raise SourceError(f"{point.name} has no Modbus address, but source {source} speaks modbus")
        places.append(Place(**point.modbus.model_dump()))
    return map_of(rows, tuple(point.name for point in points), places, codes_of(points))


def codes_of(points: Sequence[Point]) -> dict[int, Codes]:
    """By its place in the sequence, the code of each text that a point may show; those that are a text only."""
    return {
        i: {text: float(code) for code, both in point.states.items() for text in (both.en, both.zh)}
        for i, point in enumerate(points)
        if point.modbus is not None and point.modbus.type == STRING
    }


def map_of(
    rows: Places, names: tuple[str, ...], places: Sequence[Place], codes: Mapping[int, Codes] | None = None
) -> RegisterMap:
    """The map of these places, with the codes of those that are texts; raises SourceError for one that cannot work."""
    kinds = [_checked_kind(name, place) for name, place in zip(names, places, strict=True)]
    words = [place.length or 1 if kind == STRING else WORDS[kind] for kind, place in zip(kinds, places, strict=True)]
    areas = _areas(places, words)
    base = {(area.device, area.table): area.base - area.start for area in areas}
    at = np.array([base[place.device, place.table] + place.address for place in places], dtype=np.intp)
    return RegisterMap(
        rows=rows,
        names=names,
        areas=areas,
        size=sum(area.size for area in areas),
        at=at,
        words=np.array(words, dtype=np.intp),
        groups=tuple(_group(kind, kinds, places, at) for kind in KINDS if kind in kinds),
        texts=tuple(
            _text(i, places[i], int(at[i]), (codes or {}).get(i, {})) for i, kind in enumerate(kinds) if kind == STRING
        ),
        scale=np.array([place.scale for place in places]),
        offset=np.array([place.offset for place in places]),
    )


def _group(kind: str, kinds: Sequence[str], places: Sequence[Place], at: Places) -> Group:
    points = np.array([i for i, other in enumerate(kinds) if other == kind], dtype=np.intp)
    mine = [places[i] for i in points.tolist()]
    low_word_first = np.array([place.word_order == "little" for place in mine])[:, None]
    # a coil is one word of our own making, not one of the device's
    low_byte_first = np.array([place.byte_order == "little" and place.table not in BIT_TABLES for place in mine])
    octet = np.arange(2 * WORDS[kind], dtype=np.intp)[None, :]
    word, byte = octet // 2, octet % 2
    word = np.where(low_word_first, WORDS[kind] - 1 - word, word)
    byte = np.where(low_byte_first[:, None], 1 - byte, byte)
    bits = [-1 if place.bit is None else place.bit for place in mine] if kind == "bool" else []
    return Group(
        kind=kind,
        points=points,
        octets=np.asarray(2 * (at[points][:, None] + word) + byte, dtype=np.intp),
        bit=np.array(bits, dtype=np.int16),
    )


def _text(point: int, place: Place, at: int, codes: Codes) -> TextPlace:
    length = place.length or 1
    octet = np.arange(2 * length, dtype=np.intp)
    word, byte = octet // 2, octet % 2
    word = length - 1 - word if place.word_order == "little" else word
    byte = 1 - byte if place.byte_order == "little" else byte
    known = {text.encode(encoding): code for encoding in ENCODINGS for text, code in codes.items()}
    return TextPlace(point=point, octets=2 * (at + word) + byte, codes=codes, known=known)


def _areas(places: Sequence[Place], words: Sequence[int]) -> tuple[Area, ...]:
    spans: dict[tuple[int, str], tuple[int, int]] = {}
    for place, length in zip(places, words, strict=True):
        key = (place.device, place.table)
        low, high = spans.get(key, (place.address, place.address + length))
        spans[key] = (min(low, place.address), max(high, place.address + length))
    areas, base = [], 0
    for (device, table), (low, high) in sorted(spans.items()):
        areas.append(Area(device=device, table=table, start=low, size=high - low, base=base))
        base += high - low
    return tuple(areas)


def _checked_kind(point: str, place: Place) -> str:
    """How the point is read: coils and discrete inputs are bits whatever the type says, and so is a bit of a word."""
    if place.type == STRING and (place.table in BIT_TABLES or place.bit is not None or place.length is None):
        raise SourceError(f"{point}: a string has registers", mend="give its table input or holding, and its length")
    if place.bit is not None and (place.table in BIT_TABLES or WORDS[place.type] > 1):
        raise SourceError(f"{point}: a bit is taken from one register", mend="name the register that holds the bit")
    kind = "bool" if place.table in BIT_TABLES or place.bit is not None else place.type
    words = place.length or 1 if kind == STRING else WORDS[kind]
    if place.address + words > LAST_ADDRESS + 1:
        raise SourceError(f"{point}: {place.type} at {place.address} reaches past the last register, {LAST_ADDRESS}")
    if place.scale == 0.0:
        raise SourceError(f"{point}: scale 0 makes every value the same", mend="leave scale out, or give the step")
    return kind
