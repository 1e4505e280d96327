"""The proof tests of a demonstration: its plant was tested 45 days before it first runs, whenever that is."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from plantsafe.clock import NS_PER_S, Clock
from plantsafe.plant import Plant
from plantsafe.plant.reliability import SUBSYSTEMS
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.inbox import submit
from plantsafe.store.record import RECORD

AGO_S = 45 * 86_400


def put_tests_on_record(plant: Plant, data: Path, clock: Clock) -> None:
    """Ask for the record of a test of every device, before the first scan of a new folder."""
    if (data / RECORD).exists():
        return
    now_ns = clock.now_ns()
    tested = datetime.fromtimestamp(now_ns / NS_PER_S - AGO_S, UTC).date().isoformat()
    done: list[frozenset[str]] = []
    wide_first = sorted(plant.file.functions, key=lambda f: -len(f.inputs) - len(f.elements))
    for function in wide_first:
        if function.reliability is None:
            continue
        devices = (
            frozenset(channel.point for channel in function.inputs),
            frozenset((function.name,)),
            frozenset(element.name for element in function.elements),
        )
        for subsystem, some in zip(SUBSYSTEMS, devices, strict=True):
            if any(some <= others for others in done):
                continue
            done.append(some)
            body = {
                "subsystem": subsystem, "tested": tested, "result": "pass", "failed": 0, "left_good": True,
                "document": f"PT-{function.name}-{subsystem}",
            }  # fmt: skip
            request = Request(
                id=str(uuid.uuid4()), kind=RequestKind.PROOF_TEST, subject=function.name, occurrence=0,
                actor="demonstration", role=Role.ENGINEER, second_actor="", made_ns=now_ns,
                valid_until_ns=now_ns + 600 * NS_PER_S, body=body,
            )  # fmt: skip
            submit(data, request)
