"""Which node of the server each point is: by namespace URI, because a server's namespace indices may move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from asyncua import ua
from asyncua.ua.uaerrors import UaError
from numpy.typing import NDArray

from plantsafe.errors import SourceError
from plantsafe.plant import Plant


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMap:
    """The points of one source in the order of `Source.points`; `rows` are their rows in the frame."""

    rows: NDArray[np.intp]
    names: tuple[str, ...]
    nodes: tuple[str, ...]
    namespaces: tuple[str, ...]


def node_map(plant: Plant, source: str) -> NodeMap:
    """The map of a source of the plant; raises SourceError for an address that cannot work."""
    entry = plant.file.sources[plant.sources.row[source]]
    rows = plant.sources.points[plant.sources.row[source]]
    names, nodes, namespaces = [], [], []
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
        names.append(point.name)
        nodes.append(_checked(point.name, point.opcua.node))
        namespaces.append(namespace)
    return NodeMap(rows=rows, names=tuple(names), nodes=tuple(nodes), namespaces=tuple(namespaces))


def resolve(nodes: NodeMap, namespace_array: Sequence[str]) -> list[ua.NodeId | None]:
    """The node of each point on a server that announces `namespace_array`; None where it lacks the namespace."""
    index = {uri: i for i, uri in enumerate(namespace_array)}
    return [
        ua.NodeId.from_string(f"ns={index[uri]};{node}") if uri in index else None
        for node, uri in zip(nodes.nodes, nodes.namespaces, strict=True)
    ]


def _checked(point: str, node: str) -> str:
    try:
        ua.NodeId.from_string(node)
    except (UaError, ValueError) as error:
        raise SourceError(f"{point}: {node!r} is no OPC UA node identifier", mend="write s=NAME or i=NUMBER") from error
    return node
