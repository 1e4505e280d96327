"""A small nitration plant, and records of it written by the real writer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plantsafe.compliance import Summary, summarise
from plantsafe.frame import Frame
from plantsafe.history.reader import HistoryReader
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant import Plant, load_plant
from plantsafe.store.record import RecordWriter
from plantsafe.verdict import Fact

BEGIN_NS = 1_780_000_000_000_000_000
SECOND_NS = 1_000_000_000

HEADS = ("HC-1", "HC-2", "HC-3", "HC-4")
MEASURED = ("TI", "SI", "FI", "CW", "PH", "XI", "TD")

_POINT = "  - {{name: {name}, unit: R1, source: {source}, kind: {kind}, range: [0, {high}], {address}, title: {title}}}"
_TEXT = "{en: text, zh: 文字}"


def plant_text(
    *,
    with_still: bool = True,
    process: str = "nitration_semibatch",
    agitation: str = "[SI]",
    on_fault: str = "vote_trip",
) -> str:
    """The plant as YAML: two workshops, one nitration unit with a separation unit, two functions."""
    points = [("HB", "DCS", "count", 1000)]
    points += [(name, "DCS", "count", 30) for name in HEADS]
    points += [(name, "DCS", "analog", 100) for name in (*MEASURED, *(["IM"] if with_still else []))]
    points += [("WD", "SIS", "count", 1000), ("TA", "SIS", "analog", 100), ("TB", "SIS", "analog", 100)]
    points += [(name, "SIS", "state", 1) for name in ("TA.B", "TA.F", "TB.B", "TB.F", "S1", "S2", "XV")]
    lines = []
    for i, (name, source, kind, high) in enumerate(points):
        opc = f"opcua: {{node: s={name}}}"
        modbus = f"modbus: {{table: input, address: {i * 2}}}"
        lines.append(
            _POINT.format(
                name=name,
                source=source,
                kind=kind,
                high=high,
                address=opc if source == "DCS" else modbus,
                title=_TEXT,
            )
        )
    still = ", still_impurity: [IM]" if with_still else ""
    return f"""
schema: 1
author: writer
site: {{name: small, title: {{en: Small plant, zh: 小型示范装置}}}}
workshops:
  - name: W1
    title: {{en: Nitration workshop, zh: 硝化车间}}
    head_count_max: 9
    partitions:
      - {{name: P1, title: {{en: Nitration bay, zh: 硝化间}}, head_count: HC-1, head_count_max: 3}}
      - {{name: P2, title: {{en: Separation bay, zh: 分离间}}, head_count: HC-2, head_count_max: 5}}
      - {{name: P3, title: {{en: Control bay, zh: 控制间}}, head_count: HC-3, head_count_max: 3}}
      - {{name: P4, title: {{en: Feed bay, zh: 配料间}}, head_count: HC-4, head_count_max: 3}}
  - {{name: W2, title: {_TEXT}, head_count_max: 9}}
units:
  - name: R1
    title: {{en: Kettle R1, zh: R1硝化釜}}
    workshop: W1
    process: {process}
    parameters: {{reactor_temperature: [TI, TA], agitation: {agitation}, nitrating_agent_flow: [FI],
      cooling_water_flow: [CW], ph: [PH], product_impurity: [XI]}}
  - name: S1
    title: {{en: Still, zh: 精馏塔}}
    workshop: W1
    process: separation
    parameters: {{distillation_temperature: [TD]{still}}}
sources:
  - {{name: DCS, title: {_TEXT}, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:1", namespace: "urn:x",
     heartbeat: HB, consequence: {_TEXT}, action: {_TEXT}}}
  - {{name: SIS, title: {_TEXT}, protocol: modbus, endpoint: "tcp://127.0.0.1:1", heartbeat: WD,
     consequence: {_TEXT}, action: {_TEXT}}}
points:
{chr(10).join(lines)}
alarms:
  - {{name: HC-1.H, point: HC-1, direction: H, limit: 4, deadband: 0, priority: 2, class: occupancy,
     consequence: {_TEXT}, action: {_TEXT}, respond_min: 5}}
functions:
  - &one
    name: SIF-1
    title: {{en: Temperature high stops the feed, zh: 温度高联锁停料}}
    unit: R1
    inputs: [{{point: TA, bypass: TA.B, fault: TA.F}}, {{point: TB, bypass: TB.B, fault: TB.F}}]
    direction: H
    setpoint: 80
    vote: 1
    on_fault: {on_fault}
    on_bypass: remove
    tripped: S1
    elements: [{{name: V1, feedback: XV, safe_value: 1}}]
    element_vote: 1
    response_s: 10
    sil: 2
    rrf: 200
    consequence: {_TEXT}
    action: {_TEXT}
  - <<: *one
    name: SIF-2
    title: {{en: Temperature high-high opens the cooling, zh: 温度高高联锁开冷却}}
    inputs: [{{point: TA, bypass: TA.B, fault: TA.F}}]
    tripped: S2
"""


@dataclass(kw_only=True)
class Story:
    """What a record shall hold: n scheduled scans; values, statuses by point; lost scans; facts, jitter by scan."""

    n: int
    values: dict[str, Sequence[float]] = field(default_factory=dict)
    status: dict[str, Sequence[int]] = field(default_factory=dict)
    lost: frozenset[int] = frozenset()
    facts: dict[int, list[Fact]] = field(default_factory=dict)
    late_ns: dict[int, int] = field(default_factory=dict)


USUAL = {"HC-1": 2.0, "HC-2": 1.0, "HC-3": 0.0, "HC-4": 1.0, "TA": 60.0, "TB": 60.0, "TI": 60.0}


def write_story(folder: Path, plant: Plant, story: Story) -> None:
    """Frames a second apart from BEGIN_NS; point values are as `USUAL` (else 0) and Good unless the story says so."""
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    names = plant.points.names
    seq, previous = 0, GENESIS
    for i in range(story.n):
        if i in story.lost:
            continue
        value = np.array([story.values[n][i] if n in story.values else USUAL.get(n, 0.0) for n in names])
        status = np.array([story.status[n][i] if n in story.status else 0 for n in names], dtype=np.uint32)
        number, time_ns = 1 + i, BEGIN_NS + i * SECOND_NS + story.late_ns.get(i, 0)
        frame = Frame(
            number=number,
            plant=plant.hash,
            time_ns=time_ns,
            value=np.where(status >= 0x80000000, np.nan, value),
            status=status,
            source_time_ns=np.zeros(len(names), dtype=np.int64),
            received=np.full(plant.n_sources, number, dtype=np.int64),
            origin=np.zeros(plant.n_sources, dtype=np.uint8),
            resolution_ns=np.zeros(plant.n_sources, dtype=np.int64),
        )
        events = chained(story.facts.get(i, []), scan=number, time_ns=time_ns, seq=seq, previous=previous)
        if events:
            seq, previous = events[-1].seq, events[-1].hash
        writer.write_scan(frame, events, [], {}, None)
    writer.close()


@pytest.fixture(scope="session")
def make_plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Plant]:
    """The small plant, compiled; arguments as `plant_text`."""

    def make(**how: Any) -> Plant:
        path = tmp_path_factory.mktemp("plant") / "plant.yaml"
        path.write_text(plant_text(**how), encoding="utf-8")
        return load_plant(path)

    return make


@pytest.fixture(scope="session")
def plant(make_plant: Callable[..., Plant]) -> Plant:
    """The small plant as it is meant."""
    return make_plant()


@pytest.fixture(scope="session")
def write() -> Callable[..., None]:
    """`write(folder, plant, **story)` writes the record of a story."""

    def run(folder: Path, plant: Plant, **story: Any) -> None:
        write_story(folder, plant, Story(**story))

    return run


@pytest.fixture
def summary_of(tmp_path: Path, plant: Plant, write: Callable[..., None]) -> Callable[..., Summary]:
    """The summary of the whole of a story: `summary_of(n=..., values=...)`; another plant by `plant=`."""

    def run(**story: Any) -> Summary:
        which = story.pop("plant", plant)
        write(tmp_path, which, **story)
        with HistoryReader(tmp_path) as reader:
            return summarise(reader, which, from_ns=BEGIN_NS, to_ns=BEGIN_NS + story["n"] * SECOND_NS)

    return run
