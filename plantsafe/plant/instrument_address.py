"""Where a row's point is read: an OPC UA node or a Modbus register, one of the two, as the list has it."""

from typing import Any

from plantsafe.plant import instrument_cell as cell
from plantsafe.plant.instrument_row import ImportSettings, Row

# words for a data type in lists, as the plant file has it
_TYPES = {
    "bool": "bool", "bit": "bool", "布尔": "bool", "int": "int16", "int16": "int16", "short": "int16", "word": "uint16",
    "uint": "uint16", "uint16": "uint16", "dint": "int32", "int32": "int32", "long": "int32", "dword": "uint32",
    "udint": "uint32", "uint32": "uint32", "real": "float32", "float": "float32", "float32": "float32",
    "单精度": "float32", "浮点": "float32", "浮点数": "float32", "lint": "int64", "int64": "int64", "ulint": "uint64",
    "uint64": "uint64", "lreal": "float64", "double": "float64", "float64": "float64", "双精度": "float64",
}  # fmt: skip
_WIDE = ("int32", "uint32", "float32", "int64", "uint64", "float64")
# letters as device makers write them: A is the most significant byte
_ORDERS = {
    "abcd": ("big", "big"), "cdab": ("big", "little"), "badc": ("little", "big"), "dcba": ("little", "little"),
    "big": ("big", "big"), "bigendian": ("big", "big"), "大端": ("big", "big"),
    "littleendian": ("little", "little"), "小端": ("little", "little"),
}  # fmt: skip  # (byte order, word order)


def address_of_row(row: Row, settings: ImportSettings, kind: str | None) -> dict[str, Any] | None:
    """`{"opcua": ...}` or `{"modbus": ...}` of a point; None where the row says none or two, which is a fault then."""
    node, register = row.read("node", cell.node), row.read("register", cell.register)
    if any(fault.field in ("node", "register") for fault in row.faults):
        return None
    if node and register and settings.protocol is None:
        row.say("left out", "register", "has an OPC address and a Modbus address", "give --protocol opcua or modbus")
        return None
    if node and (not register or settings.protocol == "opcua"):
        return {"opcua": _opcua(row, settings, node)}
    if register:
        return {"modbus": _modbus(row, register, kind)}
    if settings.node_pattern and row.name:
        node_text = settings.node_pattern.replace("{name}", row.name)
        row.say("respelled", "node", f"address made by --node-pattern {settings.node_pattern}")
        return {"opcua": {"node": node_text}}
    column = next((name for name in ("node", "register") if name in row.header.columns), "name")
    mend = "write the address, or give --node-pattern 's={name}' if the server names its nodes so"
    row.say("left out", column, "has no OPC or Modbus address", mend)
    return None


def _opcua(row: Row, settings: ImportSettings, node: cell.Node) -> dict[str, Any]:
    written = str(row.raw("node")).strip()
    if node.index is None:
        if node.identifier != written:
            row.say("respelled", "node", "a name alone: read as a text identifier, s=NAME")
        return {"node": node.identifier}
    uri = settings.namespaces.get(node.index)
    if uri is not None:
        row.say("respelled", "node", f"namespace index {node.index} read as {uri}")
        return {"node": node.identifier, "namespace": uri}
    said = f"namespace index {node.index} is taken for the namespace of source {settings.source}"
    row.say("respelled", "node", said, f"if it is another, give --namespace {node.index}=URI: an index may change")
    return {"node": node.identifier}


def _modbus(row: Row, register: cell.Register, kind: str | None) -> dict[str, Any]:
    data_type = (row.read("type", cell.tidy) or "").replace(" ", "").casefold()
    place: dict[str, Any] = {"table": register.table, "address": register.address}
    row.say("respelled", "register", "reference counted from 1 read as the address on the wire, one less")
    if register.table in ("coil", "discrete"):
        place["type"] = "bool"
    elif register.bit is not None:
        place |= {"type": "uint16", "bit": register.bit}
    elif not data_type:
        row.say("left out", "type", "a register without a data type", "write INT, WORD, REAL or the like")
    elif data_type not in _TYPES:
        row.say("left out", "type", f"{data_type!r} is no data type that is understood", "write INT, WORD, DINT, REAL")
    else:
        place["type"] = _TYPES[data_type]
    if kind == "analog" and register.table in ("coil", "discrete"):
        row.say("left out", "register", f"an analog value in a {register.table}", "correct the signal or the address")
    if place.get("type") in _WIDE:
        place |= _order(row)
    if device := row.read("device", cell.number):
        place["device"] = device.numbers[0]
    else:
        row.say("respelled", "device", "no device number: 1 is taken")
    if scale := row.read("scale", cell.number):
        place["scale"] = scale.numbers[0]
    return place


def _order(row: Row) -> dict[str, str]:
    text = (row.read("order", cell.tidy) or "").replace(" ", "").replace("-", "").casefold()
    if not text:
        row.say("respelled", "order", "no byte order: ABCD is taken", "compare one value with the device's own display")
        return {}
    if text not in _ORDERS:
        row.say("left out", "order", f"{text!r} is no byte order", "write ABCD, CDAB, BADC or DCBA")
        return {}
    byte_order, word_order = _ORDERS[text]
    return {"byte_order": byte_order, "word_order": word_order}
