"""Outcomes as plain data: what JSON and JUnit reports are made of."""

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from simulation.runner import Outcome
from simulation.trial.model_card import fingerprint, load_cards
from simulation.trial.told import Told, told
from simulation.trial.trace import Trace


def as_json(outcomes: Sequence[Outcome]) -> str:
    """All outcomes with their lines, times, record digests and models, as JSON text."""
    document = {
        "statement": _both(told("report", "statement")),
        "models": {"version": load_cards()[0], "fingerprint": fingerprint()},
        "green": all(outcome.green for outcome in outcomes),
        "scenarios": [_entry(outcome) for outcome in outcomes],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _entry(outcome: Outcome) -> dict[str, Any]:
    moments, run, file = outcome.moments, outcome.protected, outcome.file
    since = {
        key: None if at_s is None else at_s - moments.fault
        for key, at_s in (
            ("detection_s", moments.detected),
            ("trip_s", moments.tripped),
            ("safe_s", moments.safe),
            ("loss_unprotected_s", moments.lost),
        )
    }
    return {
        "name": outcome.name,
        "title": file.title.model_dump(),
        "green": outcome.green,
        "seed": run.seed,
        "variation": {
            "kinetics": run.drawn.kinetics,
            "heat_transfer": run.drawn.heat_transfer,
            "noise": run.drawn.noise,
            "delay_s": run.drawn.delay_s,
        },
        "plant": outcome.plant,
        "record": run.digest,
        "times": {**since, "margin_s": moments.margin_s},
        "lines": [
            {
                "key": line.key,
                "subject": line.subject,
                "what": _both(line.what),
                "found": _both(line.found),
                "holds": line.holds,
            }
            for line in outcome.lines
        ],
        "events": [{"at_s": e.at_s, "scan": e.scan, "kind": e.kind, "subject": e.subject} for e in run.events],
        "models": [card.part for card in outcome.cards],
        "cpu_s": round(sum(trace.cpu_s for trace in _traces(outcome)), 3),
    }


def as_junit(outcomes: Sequence[Outcome]) -> str:
    """A JUnit report: one test case a scenario and seed, a failure for a red verdict with its lines."""
    failures = sum(not outcome.green for outcome in outcomes)
    seconds = sum(trace.cpu_s for outcome in outcomes for trace in _traces(outcome))
    suite = ET.Element(
        "testsuite",
        name="plantsafe scenarios",
        tests=str(len(outcomes)),
        failures=str(failures),
        errors="0",
        skipped="0",
        time=f"{seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("statement", told("report", "statement").en),
        ("models.version", load_cards()[0]),
        ("models.fingerprint", fingerprint()),
    ):
        ET.SubElement(properties, "property", name=name, value=value)
    for outcome in outcomes:
        took_s = sum(trace.cpu_s for trace in _traces(outcome))
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"scenarios.{outcome.name}",
            name=f"{outcome.name}[seed {outcome.protected.seed}]",
            time=f"{took_s:.3f}",
        )
        if not outcome.green:
            wrong = [line for line in outcome.lines if not line.holds]
            message = "; ".join(f"{line.what.en}: {line.found.en}" for line in wrong)
            ET.SubElement(case, "failure", message=message, type="red").text = outcome.report
        ET.SubElement(case, "system-out").text = f"{outcome.report}\nrecord {outcome.protected.digest}"
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _both(text: Told) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _traces(outcome: Outcome) -> tuple[Trace, ...]:
    return (outcome.protected,) if outcome.unprotected is None else (outcome.protected, outcome.unprotected)


def in_words(seconds: float | None) -> Told:
    """A time in seconds or, past ten minutes, in minutes; a dash for none."""
    if seconds is None or not math.isfinite(seconds):
        return Told("–", "–")
    if abs(seconds) < 600.0:
        return Told(f"{seconds:.4g} s", f"{seconds:.4g} 秒")
    return Told(f"{seconds / 60.0:.3g} min", f"{seconds / 60.0:.3g} 分")
