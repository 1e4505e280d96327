"""What may be asked of a server: an allow list that every request passes, whoever encoded it."""

from asyncua.ua.object_ids import ObjectIdNames, ObjectIds

from plantsafe.errors import ReadOnlyError

ALLOWED_SERVICES: dict[int, str] = {  # OPC UA Part 4: services that change nothing on the server but our own session
    ObjectIds.GetEndpointsRequest_Encoding_DefaultBinary: "GetEndpoints",
    ObjectIds.OpenSecureChannelRequest_Encoding_DefaultBinary: "OpenSecureChannel",
    ObjectIds.CloseSecureChannelRequest_Encoding_DefaultBinary: "CloseSecureChannel",
    ObjectIds.CreateSessionRequest_Encoding_DefaultBinary: "CreateSession",
    ObjectIds.ActivateSessionRequest_Encoding_DefaultBinary: "ActivateSession",
    ObjectIds.CloseSessionRequest_Encoding_DefaultBinary: "CloseSession",
    ObjectIds.ReadRequest_Encoding_DefaultBinary: "Read",
    ObjectIds.BrowseRequest_Encoding_DefaultBinary: "Browse",
    ObjectIds.BrowseNextRequest_Encoding_DefaultBinary: "BrowseNext",
    ObjectIds.TranslateBrowsePathsToNodeIdsRequest_Encoding_DefaultBinary: "TranslateBrowsePathsToNodeIds",
}
FOUR_BYTE_NODE_ID = 1  # OPC UA Part 6, 5.2.2.9


def refuse_writes(message: bytes) -> None:
    """Raise ReadOnlyError unless the encoded request is of an allowed service; an unknown encoding is refused too."""
    plain = len(message) >= 4 and message[0] == FOUR_BYTE_NODE_ID and message[1] == 0
    service = int.from_bytes(message[2:4], "little") if plain else -1
    if service not in ALLOWED_SERVICES:
        name = ObjectIdNames.get(service, "unknown").removesuffix("_Encoding_DefaultBinary")
        raise ReadOnlyError(
            f"refused to send the OPC UA request {name}: plantsafe only reads",
            mend="read, or make the change with the control system's own engineering tool",
        )
