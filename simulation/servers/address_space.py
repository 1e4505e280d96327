"""The nodes of a simulated control system: folders for units, analog items with range and unit for points."""

from collections.abc import Iterator

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from plantsafe.frame import BAD_WAITING_FOR_INITIAL_DATA
from plantsafe.plant.model import Point, Unit

UNECE_URI = "http://www.opcfoundation.org/UA/units/un/cefact"  # OPC UA Part 8, 5.6.4.3
UNIT_ID_UNKNOWN = -1  # OPC UA Part 8, 5.6.4.2: the unit of measure has no number, only a name


def folder(node_id: ua.NodeId, unit: Unit) -> ua.AddNodesItem:
    """A folder under Objects that holds the points of a unit."""
    attributes = ua.ObjectAttributes()
    attributes.DisplayName = ua.LocalizedText(ua.String(unit.title.en))
    item = _item(node_id, unit.name, _id(ObjectIds.ObjectsFolder), ObjectIds.Organizes, ObjectIds.FolderType)
    item.NodeClass = ua.NodeClass.Object
    item.NodeAttributes = attributes
    return item


def variable(node_id: ua.NodeId, parent: ua.NodeId, point: Point) -> Iterator[ua.AddNodesItem]:
    """The variable of a point, without a value yet, and its two properties."""
    item = _item(node_id, point.name, parent, ObjectIds.HasComponent, ObjectIds.AnalogItemType)
    item.NodeAttributes = _attributes(point.title.en, ua.Variant(None, ua.VariantType.Null), ObjectIds.Double)
    yield item
    span = ua.Range(Low=ua.Double(point.range[0]), High=ua.Double(point.range[1]))
    yield _property(node_id, "EURange", span, ObjectIds.Range)
    measure = ua.EUInformation(
        NamespaceUri=ua.String(UNECE_URI),
        UnitId=ua.Int32(UNIT_ID_UNKNOWN),
        DisplayName=ua.LocalizedText(ua.String(point.eu)),
        Description=ua.LocalizedText(ua.String(point.eu)),
    )
    yield _property(node_id, "EngineeringUnits", measure, ObjectIds.EUInformation)


def no_value_yet() -> ua.DataValue:
    """What a variable shows until the process has given it a value."""
    return ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(BAD_WAITING_FOR_INITIAL_DATA)))


def _property(owner: ua.NodeId, name: str, value: object, data_type: int) -> ua.AddNodesItem:
    node_id = ua.NodeId(ua.String(f"{owner.Identifier!s}/{name}"), owner.NamespaceIndex)
    item = _item(node_id, name, owner, ObjectIds.HasProperty, ObjectIds.PropertyType)
    item.BrowseName = ua.QualifiedName(ua.String(name), ua.UInt16(0))
    item.NodeAttributes = _attributes(name, ua.Variant(value, ua.VariantType.ExtensionObject), data_type)
    return item


def _item(node_id: ua.NodeId, name: str, parent: ua.NodeId, reference: int, kind: int) -> ua.AddNodesItem:
    item = ua.AddNodesItem()
    item.RequestedNewNodeId = node_id
    item.BrowseName = ua.QualifiedName(ua.String(name), ua.UInt16(node_id.NamespaceIndex))
    item.NodeClass = ua.NodeClass.Variable
    item.ParentNodeId = parent
    item.ReferenceTypeId = _id(reference)
    item.TypeDefinition = _id(kind)
    return item


def _attributes(title: str, value: ua.Variant, data_type: int) -> ua.VariableAttributes:
    attributes = ua.VariableAttributes()
    attributes.DisplayName = ua.LocalizedText(ua.String(title))
    attributes.Description = attributes.DisplayName
    attributes.Value = value
    attributes.DataType = _id(data_type)
    attributes.ValueRank = ua.Int32(ua.ValueRank.Scalar)
    attributes.AccessLevel = ua.Byte(ua.AccessLevel.CurrentRead.mask)
    attributes.UserAccessLevel = ua.Byte(ua.AccessLevel.CurrentRead.mask)
    return attributes


def _id(number: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(number))
