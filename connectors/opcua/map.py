"""Which node of the server each point is: by namespace URI, because a server's namespace indices may move."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError
from numpy.typing import NDArray

from connectors.fast_group import rows_read
from plantsafe.errors import SourceError
from plantsafe.plant import Plant

NODES_A_TURN = 1000  # site default: so many identifiers are made before the loop gets a turn (about 5 ms)
OWN_NAMESPACE = "0"  # index of OPC UA's own namespace, which never moves


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMap:
    """The points of one source in the order of `Source.points`; `rows` are their rows in the frame.

    nodes: `s=...` or `i=...`, or a browse path from the Objects folder: `/Unit/Point`. Each step is in the point's
    namespace whatever index it names (indices move), except `0:`, OPC UA's own. codes: for a state point, by its
    index, the code of each text it may show.
    """

    rows: NDArray[np.intp]
    names: tuple[str, ...]
    nodes: tuple[str, ...]
    namespaces: tuple[str, ...]
    codes: dict[int, dict[str, float]] = field(default_factory=dict)


def node_map(plant: Plant, source: str, group: str | None = None) -> NodeMap:
    """The map of a source of the plant, or of one of its fast groups; raises SourceError for what cannot work."""
    entry = plant.file.sources[plant.sources.row[source]]
    rows = rows_read(plant, source, group)
    names: list[str] = []
    nodes: list[str] = []
    namespaces: list[str] = []
    codes: dict[int, dict[str, float]] = {}
    for row in rows:
        point = plant.file.points[int(row)]
        if point.opcua is None:
            raise SourceError(f"{point.name} has no OPC UA address, but source {source} speaks opcua")
        namespace = point.opcua.namespace or entry.namespace
        if namespace is None:
            raise SourceError(
                f"{point.name} names no namespace, and neither does source {source}",
                mend=f"give source {source} the namespace URI of its nodes",
            )
        if point.states:
            codes[len(names)] = {text: float(code) for code, s in point.states.items() for text in (s.en, s.zh)}
        names.append(point.name)
        nodes.append(_checked(point.name, point.opcua.node or "/" + point.opcua.browse_path.strip("/")))
        namespaces.append(namespace)
    return NodeMap(rows=rows, names=tuple(names), nodes=tuple(nodes), namespaces=tuple(namespaces), codes=codes)


async def resolve(nodes: NodeMap, namespace_array: Sequence[str]) -> list[ua.NodeId | ua.RelativePath | None]:
    """The node or path of each point on a server that announces `namespace_array`; None where it lacks the namespace.

    Gives the loop a turn now and then: 50,000 identifiers take a quarter of a second.
    """
    index = {uri: i for i, uri in enumerate(namespace_array)}
    found: list[ua.NodeId | ua.RelativePath | None] = []
    for number, (node, uri) in enumerate(zip(nodes.nodes, nodes.namespaces, strict=True), start=1):
        if uri not in index:
            found.append(None)
        elif node.startswith("/"):
            found.append(_path(node, index[uri]))
        else:
            found.append(ua.NodeId.from_string(f"ns={index[uri]};{node}"))
        if number % NODES_A_TURN == 0:
            await asyncio.sleep(0)
    return found


def _path(text: str, namespace: int) -> ua.RelativePath:
    path = ua.RelativePath()
    for step in text.strip("/").split("/"):
        element = ua.RelativePathElement()
        element.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences))
        element.IsInverse = False  # type: ignore[assignment]  # asyncua's Boolean is no bool for mypy
        number, name = _step(step)
        element.TargetName = ua.QualifiedName(ua.String(name), ua.UInt16(0 if number == OWN_NAMESPACE else namespace))
        path.Elements.append(element)
    return path


def _step(text: str) -> tuple[str, str]:
    """Namespace index (empty where none is written) and name of a step of a browse path: `2:R101`."""
    number, colon, name = text.partition(":")
    return (number, name) if colon and number.isdigit() else ("", text)


def _checked(point: str, node: str) -> str:
    if node.startswith("/"):
        if not all(_step(step)[1] for step in node[1:].split("/")):
            raise SourceError(f"{point}: {node!r} has a step without a name", mend="write /Folder/Name")
        return node
    try:
        ua.NodeId.from_string(node)
    except (UaError, ValueError) as error:
        raise SourceError(
            f"{point}: {node!r} is no OPC UA node identifier", mend="write s=NAME, i=NUMBER or a path /Folder/Name"
        ) from error
    return node
