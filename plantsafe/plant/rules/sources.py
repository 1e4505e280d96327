"""Sources and addresses: each point where its source can be asked for it, no two points in one place."""

from collections import defaultdict
from collections.abc import Iterator
from math import ceil, remainder
from typing import Any

from plantsafe.plant.model.entry import Found
from plantsafe.plant.model.point import BIT_TABLES
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.view import View

NODES_PER_READ = 1000  # nodes, the most that we put into one OPC UA request
MAX_BITS, MAX_REGISTERS = 2000, 125  # in one request: MODBUS Application Protocol V1.1b3, 6.1 to 6.4


def heartbeat_is_its_own(view: View, source: Any) -> Iterator[Found]:
    """The heartbeat is read from the source that it proves alive."""
    if view.point(source.heartbeat).source != source.name:
        wrong = f"{source.heartbeat} is not read from {source.name}"
        yield Found(("heartbeat",), wrong, "name a point of this source that changes all the time", "heartbeat")


def fast_points_are_its_own(view: View, source: Any) -> Iterator[Found]:
    """A fast group reads points of its own source."""
    for i, group in enumerate(source.fast_groups):
        for j, name in enumerate(group.points):
            if isinstance(name, str) and name in view.known["point"] and view.point(name).source != source.name:
                wrong = f"{name} is not read from {source.name}"
                yield Found(("fast_groups", i, "points", j), wrong, "name points of this source", "fast-group")


def coded_points_are_its_own(view: View, source: Any) -> Iterator[Found]:
    """An event buffer tells of points that are read from its own source."""
    if source.event_buffer is None:
        return
    for i, one in enumerate(source.event_buffer.codes):
        name = one.point
        if isinstance(name, str) and name in view.known["point"] and view.point(name).source != source.name:
            wrong = f"{name} is not read from {source.name}"
            yield Found(("event_buffer", "codes", i, "point"), wrong, "name points of this source", "event-buffer")


def fast_points_are_in_one_group(_: View, source: Any) -> Iterator[Found]:
    """A point is read at one pace."""
    first: dict[str, str] = {}
    for i, group in enumerate(source.fast_groups):
        for j, name in enumerate(group.points):
            if not isinstance(name, str):
                continue
            if name in first:
                wrong = f"{name} is in fast group {first[name]} already"
                yield Found(("fast_groups", i, "points", j), wrong, "leave it in the faster group", "fast-group")
            first.setdefault(name, group.name)


def period_is_a_multiple(view: View, source: Any) -> Iterator[Found]:
    """A slower source is read every so many scans."""
    period, own = view.head.scan_period_s, source.scan_period_s
    if own is not None and abs(remainder(own, period)) > 1e-9:
        wrong = f"scan period {own:g} s is no multiple of the plant's {period:g} s"
        yield Found(("scan_period_s",), wrong, f"write a multiple of {period:g}", "scan-period")


def requests_are_borne(view: View, source: Any) -> Iterator[Found]:
    """What is read in a second takes no more requests than the device bears, however well they are merged."""
    bears = source.limits.requests_per_s
    if bears is None:
        return
    fast = {name for group in source.fast_groups for name in group.points}
    places = [(point.opcua, point.modbus) for point in _read_from(view, source) if point.name not in fast]
    nodes = sum(opcua is not None for opcua, _ in places)
    requests = ceil(nodes / min(source.limits.nodes_per_read or NODES_PER_READ, NODES_PER_READ))
    used: dict[tuple[int, str], set[int]] = defaultdict(set)
    for _, place in places:
        if place is not None:
            used[place.device, place.table].update(range(place.address, place.address + place.words))
    bits, registers = source.limits.bits_per_read or MAX_BITS, source.limits.registers_per_read or MAX_REGISTERS
    requests += sum(ceil(len(area) / (bits if table in BIT_TABLES else registers)) for (_, table), area in used.items())
    requests += source.event_buffer is not None
    needed = requests / (source.scan_period_s or view.head.scan_period_s)
    needed += sum(1.0 / group.period_s for group in source.fast_groups)
    if needed > bears:
        wrong = f"its points take at least {needed:.3g} requests a second; {bears:g} are allowed"
        mend = f"allow {ceil(needed)} if the device bears it, or read less of it, or more seldom (scan_period_s)"
        yield Found(("limits", "requests_per_s"), wrong, mend, "pace")


def _read_from(view: View, source: Any) -> Iterator[Any]:
    for point in view.section("points"):
        try:
            if point.source == source.name:
                yield point
        except view.cannot_judge:
            continue


def fast_replay_is_alone(view: View, source: Any) -> Iterator[Found]:
    """Plant time cannot run ahead while a system of the present is read."""
    if source.protocol == "replay" and source.recorded.speed == "fast":
        for other in view.section("sources"):
            if other.protocol != "replay" or other.recorded.speed != "fast":
                wrong = f"as fast as possible, but {other.name} is read in step with the clock"
                yield Found(("recorded", "speed"), wrong, "write real, or replay all sources fast", "replay")
                return


def protocol_fits(view: View, point: Any) -> Iterator[Found]:
    """The address is one of the source's protocol; what is replayed needs none."""
    has, want = "opcua" if point.opcua is not None else "modbus", view.source(point.source).protocol
    if want == "replay":
        return
    if point.opcua is None and point.modbus is None:
        yield Found(
            (), "a point has one address", f"give either opcua or modbus: {point.source} speaks {want}", "address"
        )
    elif has != want and (point.opcua is None) != (point.modbus is None):
        wrong = f"source {point.source} speaks {want}"
        yield Found((has,), wrong, f"give the point a {want} address", "address")


def places_are_apart(view: View) -> Iterator[Found]:
    """No two points in one node, register or bit."""
    nodes: dict[tuple[Any, ...], int] = {}
    areas: dict[tuple[Any, ...], list[tuple[int, int, int, Any]]] = defaultdict(list)
    for i, point in enumerate(view.section("points")):
        try:
            if point.opcua is not None:
                key = (point.source, point.opcua.namespace, point.opcua.node, point.opcua.browse_path)
                if key in nodes:
                    wrong = f"is the node of {_name(view, nodes[key])} too"
                    yield Found(("points", i, "opcua"), wrong, "give each point its own node", "address")
                nodes.setdefault(key, i)
            elif point.modbus is not None:
                place = point.modbus
                start = int(place.address)
                areas[point.source, place.device, place.table].append((start, start + place.words, i, place.bit))
        except (NotKnownError, TypeError, ValueError):
            continue
    for area in areas.values():
        area.sort(key=lambda one: one[:3])
        end, holder, bits = -1, -1, {}
        for start, stop, i, bit in area:
            if start >= end:
                end, holder, bits = stop, i, {bit: i}
                continue
            shares_word = bit is not None and None not in bits and stop == end
            if not shares_word or bit in bits:
                other = _name(view, bits.get(bit, holder))
                wrong = f"reads the place of {other}, at {start} to {stop - 1}"
                yield Found(("points", i, "modbus", "address"), wrong, "correct one of the two addresses", "register")
            bits.setdefault(bit, i)
            end = max(end, stop)


def points_are_outside_of_rings(view: View) -> Iterator[Found]:
    """What stands in a register of an event buffer's ring changes from record to record: it is no value of a point."""
    rings = {source.name: source.event_buffer for source in view.section("sources") if source.event_buffer is not None}
    for i, point in enumerate(view.section("points")):
        try:
            ring, place = rings.get(point.source), point.modbus
            if ring is None or place is None or (place.device, place.table) != (ring.device, ring.table):
                continue
            first, end = ring.address, ring.address + ring.records * ring.words
            if place.address < end and first < place.address + place.words:
                wrong = f"reads a register of the event buffer of {point.source}, at {first} to {end - 1}"
                mend = "correct the address of the point, or of the buffer"
                yield Found(("points", i, "modbus", "address"), wrong, mend, "register")
        except (NotKnownError, TypeError, ValueError):
            continue


def _name(view: View, i: int) -> str:
    return str(view.assembled.entries[("points",)][i].get("name", i))
