"""What a server has: its variables with data type, range, unit of measure and alarm limits, for a first plant file."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIdNames, ObjectIds
from asyncua.ua.uaerrors import UaError

from connectors.opcua.access import CURRENT_WRITE
from connectors.opcua.client import ReadOnlyClient
from connectors.opcua.security import OPEN, Security
from plantsafe.errors import SourceError

TIMEOUT_S = 10.0  # site default: browsing is not done within a scan
NODES_A_BROWSE = 50  # site default: gentle; a server may allow fewer (MaxNodesPerBrowse)
NODES_A_READ = 100  # site default: four attributes of each
MOST_NODES = 200_000  # site default: an address space without end is given up
DEEPEST = 30  # site default: folders in folders
PAUSE_S = 0.005  # site default: between requests, so that browsing takes no server's whole attention

RANGE, UNIT = "EURange", "EngineeringUnits"  # properties of an AnalogItemType: OPC UA Part 8, 5.3.2.3
LIMITS = ("HighHighLimit", "HighLimit", "LowLimit", "LowLowLimit")  # of a LimitAlarmType: OPC UA Part 9, 5.8.18
PROPERTIES = (RANGE, UNIT, "InstrumentRange", "EnumStrings", "TrueState", "FalseState", "PercentDeadband", *LIMITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowsedNode:
    """One variable of a server.

    node: `s=...` or `i=...` in the namespace of `namespace` (URI). path: browse names from the Objects folder.
    data_type: name of a standard type, or the node of the server's own. limits: of its alarms and its own, by the
    name of the property. states: texts of an enumeration or of a two-state variable, in the order of their codes.
    """

    name: str
    path: tuple[str, ...]
    node: str
    namespace: str
    title: str = ""
    description: str = ""
    data_type: str = ""
    scalar: bool = True
    writable: bool = False
    range: tuple[float, float] | None = None
    eu: str = ""
    limits: dict[str, float] = field(default_factory=dict)
    percent_deadband: float | None = None
    states: tuple[str, ...] = ()


async def browse(url: str, security: Security = OPEN) -> tuple[BrowsedNode, ...]:
    """All variables below the Objects folder but the server's own; raises SourceError when it cannot be reached."""
    client = ReadOnlyClient(url, TIMEOUT_S, security)
    try:
        await client.open()
    except (OSError, TimeoutError, UaError) as error:
        raise SourceError(
            f"cannot browse {url}: {type(error).__name__}: {error}", mend="check address, port and security"
        ) from error
    try:
        return await _Walk(client).all()
    except (OSError, TimeoutError, UaError) as error:
        raise SourceError(f"{url} ended the browsing: {type(error).__name__}: {error}") from error
    finally:
        try:
            await client.disconnect()
        finally:
            await client.drop()


@dataclass(slots=True)
class _Found:
    """A variable as the walk meets it, and the properties that belong to it."""

    id: ua.NodeId
    path: tuple[str, ...]
    title: str
    properties: dict[str, ua.NodeId] = field(default_factory=dict)


class _Walk:
    """Breadth first over hierarchical references, each node once."""

    def __init__(self, client: ReadOnlyClient) -> None:
        self._client = client
        self._seen: set[ua.NodeId] = set()
        self._variables: dict[ua.NodeId, _Found] = {}

    async def all(self) -> tuple[BrowsedNode, ...]:
        (uris,) = await self._client.values_of([_id(ObjectIds.Server_NamespaceArray)])
        namespaces = list(uris.Value.Value or []) if uris.Value is not None else []
        # (node, its path, the variable that its properties belong to)
        level: list[tuple[ua.NodeId, tuple[str, ...], _Found | None]] = [(_id(ObjectIds.ObjectsFolder), (), None)]
        self._seen |= {_id(ObjectIds.ObjectsFolder), _id(ObjectIds.Server)}
        for _ in range(DEEPEST):
            following = []
            for begin in range(0, len(level), NODES_A_BROWSE):
                part = level[begin : begin + NODES_A_BROWSE]
                for (_, path, owner), references in zip(part, await self._references(part), strict=True):
                    following += [step for r in references if (step := self._met(r, path, owner)) is not None]
                if len(self._seen) > MOST_NODES:
                    raise SourceError(f"the server has more than {MOST_NODES} nodes", mend="browse a part of it")
                await asyncio.sleep(PAUSE_S)
            level = following
            if not level:
                break
        return await self._described(namespaces)

    def _met(
        self, reference: ua.ReferenceDescription, path: tuple[str, ...], owner: _Found | None
    ) -> tuple[ua.NodeId, tuple[str, ...], _Found | None] | None:
        """Where the walk goes on from a reference, or None where it has been."""
        target = reference.NodeId
        node = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
        name = str(reference.BrowseName.Name or "")
        if owner is not None and name in PROPERTIES:
            owner.properties.setdefault(name, node)
            return None
        if node in self._seen:
            return None
        self._seen.add(node)
        here = (*path, name)
        if reference.NodeClass == ua.NodeClass.Object:
            return node, here, owner
        if reference.ReferenceTypeId == _id(ObjectIds.HasProperty):
            return None
        found = _Found(node, here, str(reference.DisplayName.Text or ""))
        self._variables[node] = found
        return node, here, found

    async def _references(self, part: Sequence[tuple[ua.NodeId, Any, Any]]) -> list[list[ua.ReferenceDescription]]:
        parameters = ua.BrowseParameters()
        for node, _, _ in part:
            wanted = ua.BrowseDescription()
            wanted.NodeId = node
            wanted.BrowseDirection = ua.BrowseDirection.Forward
            wanted.ReferenceTypeId = _id(ObjectIds.HierarchicalReferences)
            wanted.NodeClassMask = ua.UInt32(ua.NodeClass.Object | ua.NodeClass.Variable)
            wanted.ResultMask = ua.UInt32(ua.BrowseResultMask.All)
            parameters.NodesToBrowse.append(wanted)
        session = self._client.uaclient.session
        found = []
        for result in await session.browse(parameters):
            references = list(result.References or [])
            while result.ContinuationPoint:
                more = ua.BrowseNextParameters()
                more.ReleaseContinuationPoints = False
                more.ContinuationPoints = [result.ContinuationPoint]
                (result,) = await session.browse_next(more)
                references += list(result.References or [])
            found.append(references)
        return found

    async def _described(self, namespaces: Sequence[str]) -> tuple[BrowsedNode, ...]:
        described: list[BrowsedNode] = []
        variables = list(self._variables.values())
        for begin in range(0, len(variables), NODES_A_READ):
            part = variables[begin : begin + NODES_A_READ]
            asked = [(v.id, a) for v in part for a in _ATTRIBUTES]
            asked += [(node, AttributeIds.Value) for v in part for node in v.properties.values()]
            answers = iter([_content(value) for value in await self._read(asked)])
            attributes = [[next(answers) for _ in _ATTRIBUTES] for _ in part]
            for variable, (data_type, rank, access, description) in zip(part, attributes, strict=True):
                index = variable.id.NamespaceIndex
                node = BrowsedNode(
                    name=variable.path[-1],
                    path=variable.path,
                    node=_address(variable.id),
                    namespace=namespaces[index] if index < len(namespaces) else "",
                    title=variable.title,
                    description=str(getattr(description, "Text", None) or ""),
                    data_type=_type_name(data_type),
                    scalar=rank in (-1, -3, None),
                    writable=bool((access or 0) & CURRENT_WRITE),
                )
                properties = {name: next(answers) for name in variable.properties}
                described.append(_with_properties(node, properties))
            await asyncio.sleep(PAUSE_S)
        return tuple(described)

    async def _read(self, asked: Sequence[tuple[ua.NodeId, int]]) -> list[ua.DataValue]:
        parameters = ua.ReadParameters()
        for node, attribute in asked:
            wanted = ua.ReadValueId()
            wanted.NodeId = node
            wanted.AttributeId = attribute
            parameters.NodesToRead.append(wanted)
        return await self._client.read(parameters)


_ATTRIBUTES = (AttributeIds.DataType, AttributeIds.ValueRank, AttributeIds.UserAccessLevel, AttributeIds.Description)


def _with_properties(node: BrowsedNode, properties: dict[str, Any]) -> BrowsedNode:
    span = properties.get(RANGE, properties.get("InstrumentRange"))
    ends = (getattr(span, "Low", None), getattr(span, "High", None))
    unit = getattr(getattr(properties.get(UNIT), "DisplayName", None), "Text", None)
    texts: Any = properties.get("EnumStrings")
    if texts is None and "TrueState" in properties:
        texts = [properties.get("FalseState"), properties["TrueState"]]
    return replace(
        node,
        range=(low, high) if (low := _number(ends[0])) is not None and (high := _number(ends[1])) is not None else None,
        eu=str(unit or ""),
        limits={name: limit for name in LIMITS if (limit := _number(properties.get(name))) is not None},
        percent_deadband=_number(properties.get("PercentDeadband")),
        states=tuple(str(getattr(text, "Text", None) or "") for text in texts or ()),
    )


def _content(answer: ua.DataValue) -> Any:
    good = answer.StatusCode is None or answer.StatusCode.is_good()
    return answer.Value.Value if good and answer.Value is not None else None


def _number(content: object) -> float | None:
    return float(content) if isinstance(content, (int, float)) and not isinstance(content, bool) else None


def _address(node: ua.NodeId) -> str:
    """The identifier without its namespace: `s=TI-101`."""
    text: str = node.to_string()
    return text.partition(";")[2] if node.NamespaceIndex else text


def _type_name(data_type: Any) -> str:
    if not isinstance(data_type, ua.NodeId):
        return ""
    if data_type.NamespaceIndex == 0 and isinstance(data_type.Identifier, int):
        return ObjectIdNames.get(data_type.Identifier, f"i={data_type.Identifier}")
    return str(data_type.to_string())


def _id(number: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(number))
