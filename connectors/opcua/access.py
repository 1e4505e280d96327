"""Where a server would let us write: it should not, whatever our own allow list does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from connectors.opcua.bulk import prepare
from connectors.opcua.client import ReadOnlyClient
from plantsafe.frame import is_good

CURRENT_WRITE = 0x02  # bit of UserAccessLevel: OPC UA Part 3, 8.57


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAccess:
    """What the server answered when it was asked what we may do.

    writable: the points it would let us write, in the order of the source. unknown: how many it did not answer for.
    """

    writable: tuple[str, ...]
    unknown: int


async def write_access(
    client: ReadOnlyClient, names: Sequence[str], nodes: Sequence[ua.NodeId], chunk: int, timeout_s: float
) -> WriteAccess:
    """Read UserAccessLevel of all `nodes`, whose points are `names`; raises what a Read raises."""
    reads = await prepare(client, nodes, chunk, AttributeIds.UserAccessLevel)
    answers = await reads.read(timeout_s)
    known = is_good(answers.status)
    levels = np.where(known, answers.value, 0.0).astype(np.int64)
    writable = np.flatnonzero(levels & CURRENT_WRITE)
    return WriteAccess(writable=tuple(names[i] for i in writable.tolist()), unknown=int((~known).sum()))
