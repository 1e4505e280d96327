"""Chapters of what is judged: alarms with their rationalisation, and the safety functions as specified."""

from collections import Counter
from collections.abc import Iterator

from plantsafe.plant.booklet.document import Card, Cell, Chapter, Column, Fact, Line, Note, Part, Section, Table
from plantsafe.plant.booklet.phrase import Phrase, alarm_unit, number
from plantsafe.plant.model import Alarm, ExpressionAlarm, FinalElement, FunctionInput, SafetyFunction, Subsystem
from plantsafe.plant.model.alarm import NEVER_SHELVED, SHELVE_MAX_MIN

_PRIORITIES = (1, 2, 3, 4)
_GRADE_OF_SIL = {3: 1, 2: 2, 1: 3, 0: 4}


def alarms_chapter(phrase: Phrase) -> Chapter:
    """A count by unit and priority, then every alarm."""
    by_unit: dict[str, list[Alarm | ExpressionAlarm]] = {name: [] for name in (*phrase.units, "")}
    every: tuple[Alarm | ExpressionAlarm, ...] = (*phrase.file.alarms, *phrase.file.expression_alarms)
    for alarm in every:
        by_unit[alarm_unit(phrase, alarm)].append(alarm)
    told = {name: alarms for name, alarms in by_unit.items() if alarms}
    sections = [
        Section(
            title=_place(phrase, name),
            anchor=f"alarms-of-{name or 'sources'}",
            parts=tuple(_alarm(phrase, alarm) for alarm in alarms),
        )
        for name, alarms in told.items()
    ]
    counts: Part = _counts(phrase, told) if told else Note(text=phrase.word("nothing"))
    return phrase.chapter("alarms", (Section(parts=(counts,)), *sections), opens_page=True)


def _place(phrase: Phrase, unit: str) -> str:
    """The unit's name and title, or what alarms without a unit are about."""
    return phrase.titled(unit, phrase.units[unit].title) if unit else phrase.said("chapters", "sources")


def _counts(phrase: Phrase, by_unit: dict[str, list[Alarm | ExpressionAlarm]]) -> Table:
    columns = (
        Column(head=phrase.label("unit"), width=1),
        *(Column(head=phrase.word("priority", n=n), align="right") for n in _PRIORITIES),
        Column(head=phrase.label("all"), align="right"),
    )
    lines, total = [], Counter[int]()
    for name, alarms in by_unit.items():
        count = Counter(alarm.priority for alarm in alarms)
        total += count
        lines.append(_count_line(phrase, _place(phrase, name), count))
    lines.append(_count_line(phrase, phrase.label("all"), total))
    return Table(columns=columns, lines=tuple(lines), caption=phrase.label("priority_counts"))


def _count_line(phrase: Phrase, name: str, count: Counter[int]) -> Line:
    return phrase.line(name, *(str(count[n]) if count[n] else "" for n in _PRIORITIES), str(count.total()))


def _alarm(phrase: Phrase, alarm: Alarm | ExpressionAlarm) -> Card:
    short: list[Fact] = []
    long: list[Fact] = []
    if isinstance(alarm, ExpressionAlarm):
        title, figure = phrase.of(alarm.title), phrase.said("directions", "EXPR")
        long.append(phrase.fact("expression", alarm.expression))
    else:
        point = phrase.points[alarm.point]
        title = phrase.of(point.title)
        figure = f"{phrase.said('directions', alarm.direction)} {phrase.measured(alarm.limit, point.eu)}"
        short.append(phrase.fact("point", phrase.ref("point", alarm.point)))
        short.append(phrase.fact("deadband", phrase.measured(alarm.deadband, point.eu)))
    short += [
        phrase.fact("on_delay", phrase.seconds(alarm.on_delay_s)),
        phrase.fact("off_delay", phrase.seconds(alarm.off_delay_s)),
        phrase.fact("class", phrase.said("classes", alarm.klass)),
        phrase.fact("respond", phrase.word("minutes", n=number(alarm.respond_min))),
    ]
    if alarm.cause is not None:
        long.append(phrase.fact("cause", phrase.of(alarm.cause)))
    long += [phrase.fact("consequence", phrase.of(alarm.consequence)), phrase.fact("action", phrase.of(alarm.action))]
    for phase, text in alarm.guidance_by_phase.items():
        title_of_phase = _phase_title(phrase, alarm_unit(phrase, alarm), phase)
        long.append(Fact(label=phrase.word("in_phase", phase=title_of_phase), cell=phrase.plain(phrase.of(text))))
    if alarm.suppress is not None:
        long.append(phrase.fact("suppress", alarm.suppress))
    if alarm.first_out is not None:
        long.append(phrase.fact("first_out", alarm.first_out))
    long.append(phrase.fact("shelving", _shelving(phrase, alarm)))
    return Card(
        anchor=f"alarm-{alarm.name}",
        name=alarm.name,
        title=title,
        figure=figure,
        mark=phrase.word("priority", n=alarm.priority),
        grade=alarm.priority,
        short=tuple(short),
        long=tuple(long),
    )


def _phase_title(phrase: Phrase, unit: str, name: str) -> str:
    return next(
        (phrase.of(phase.title) for phase in (phrase.units[unit].phases if unit else ()) if phase.name == name), name
    )


def _shelving(phrase: Phrase, alarm: Alarm | ExpressionAlarm) -> str:
    site = 0.0 if alarm.klass in NEVER_SHELVED else SHELVE_MAX_MIN[alarm.priority]
    most = site if alarm.shelve_max_min is None else alarm.shelve_max_min
    if most == 0.0:
        return phrase.word("shelve_never")
    time = phrase.word("minutes", n=number(most))
    text = phrase.word("shelve_site" if alarm.shelve_max_min is None else "shelve_most", time=time)
    times = "" if alarm.shelve_times_max is None else phrase.word("shelve_times", n=alarm.shelve_times_max)
    return phrase.word("list").join(part for part in (text, times) if part)


def functions_chapter(phrase: Phrase) -> Chapter:
    """Every safety function, by unit."""
    sections = tuple(
        Section(
            title=phrase.titled(unit.name, unit.title),
            anchor=f"functions-of-{unit.name}",
            parts=tuple(_function(phrase, one) for one in phrase.file.functions if one.unit == unit.name),
        )
        for unit in phrase.file.units
        if any(one.unit == unit.name for one in phrase.file.functions)
    ) or (Section(parts=(Note(text=phrase.word("nothing")),)),)
    return phrase.chapter("functions", sections, opens_page=True)


def _function(phrase: Phrase, function: SafetyFunction) -> Card:
    eu = phrase.points[function.inputs[0].point].eu
    short = [
        phrase.fact("vote", phrase.word("vote", k=function.vote, n=len(function.inputs))),
        phrase.fact("element_vote", phrase.word("vote", k=function.element_vote, n=len(function.elements))),
        phrase.fact("response", phrase.seconds(function.response_s)),
        phrase.fact("sensor_lag", phrase.seconds(function.sensor_lag_s)),
        phrase.fact("rrf", number(function.rrf)),
        phrase.fact("tripped", phrase.ref("point", function.tripped)),
        phrase.fact("on_fault", phrase.said("policies", function.on_fault)),
        phrase.fact("on_bypass", phrase.said("policies", function.on_bypass)),
    ]
    long = [
        phrase.fact("consequence", phrase.of(function.consequence)),
        phrase.fact("action", phrase.of(function.action)),
        phrase.fact("hazardous_mode", _needed(phrase, function)),
        phrase.fact("stamped_by", phrase.said("events", function.events)),
    ]
    if function.demands_per_year is not None:
        long.append(phrase.fact("demands", phrase.word("per_year", n=number(function.demands_per_year))))
    if function.spurious_per_year is not None:
        long.append(phrase.fact("spurious", phrase.word("per_year", n=number(function.spurious_per_year))))
    if function.repair_h is not None:
        long.append(phrase.fact("repair", phrase.word("hours", n=number(function.repair_h))))
    return Card(
        anchor=f"function-{function.name}",
        name=function.name,
        title=phrase.of(function.title),
        figure=f"{phrase.said('directions', function.direction)} {phrase.measured(function.setpoint, eu)}",
        mark=phrase.word("sil", n=function.sil) if function.sil else phrase.word("sil_none"),
        grade=_GRADE_OF_SIL[function.sil],
        short=tuple(short),
        long=tuple(long),
        tables=tuple(_function_tables(phrase, function)),
    )


def _needed(phrase: Phrase, function: SafetyFunction) -> str:
    mode = function.hazardous_mode
    if mode is None:
        return phrase.word("always")
    values = phrase.word("list").join(phrase.value_of(mode, value) for value in function.hazardous_values)
    return phrase.word("is_one_of", point=mode, values=values)


def _function_tables(phrase: Phrase, function: SafetyFunction) -> Iterator[Table]:
    columns = (
        Column(head="inputs", width=1),
        Column(head="title_of", width=2.4),
        Column(head="range", width=1.2),
        Column(head="bypass_bit", width=1.2),
        Column(head="fault_bit", width=1.2),
    )
    yield phrase.table(columns, (_input(phrase, channel) for channel in function.inputs))
    columns = (
        Column(head="elements", width=1),
        Column(head="title_of", width=2.4),
        Column(head="feedback", width=1.2),
        Column(head="safe_value", width=1.2),
        Column(head="command", width=1.2),
    )
    yield phrase.table(columns, (_element(phrase, element) for element in function.elements))
    if function.reliability is not None:
        reliability_columns = (
            Column(head="subsystem"),
            Column(head="lambdas", width=1.6),
            Column(head="betas"),
            Column(head="repair_times", width=1),
            Column(head="proof_test", width=1.4),
            Column(head="mission_time", width=0.8),
            Column(head="basis", width=1.4),
        )
        data = function.reliability
        known = (("sensors", data.sensors), ("logic", data.logic), ("elements", data.elements))
        lines = [_subsystem(phrase, key, one) for key, one in known if one is not None]
        yield phrase.table(reliability_columns, lines, "reliability")


def _input(phrase: Phrase, channel: FunctionInput) -> Line:
    point = phrase.points[channel.point]
    return phrase.line(
        phrase.ref("point", channel.point),
        phrase.of(point.title),
        phrase.span(*point.range, point.eu),
        phrase.ref("point", channel.bypass),
        phrase.ref("point", channel.fault),
    )


def _element(phrase: Phrase, element: FinalElement) -> Line:
    feedback: Cell = phrase.ref("point", element.feedback)
    return phrase.line(
        element.name,
        phrase.of(phrase.points[element.feedback].title),
        feedback,
        phrase.value_of(element.feedback, element.safe_value),
        phrase.ref("point", element.command),
    )


def _subsystem(phrase: Phrase, key: str, one: Subsystem) -> Line:
    hours = [phrase.word("hours", n=number(value)) for value in (one.mttr_h, one.mrt_h)]
    every = phrase.word("hours", n=number(one.proof_test_interval_h))
    test = [phrase.word("covers", time=every, share=number(one.proof_test_coverage * 100))]
    test += [] if one.last_test is None else [phrase.word("last_test", day=one.last_test)]
    test += [] if one.trip_coverage is None else [phrase.word("trip_shows", share=number(one.trip_coverage * 100))]
    mission = [phrase.word("hours", n=number(one.mission_time_h))] if one.mission_time_h is not None else []
    mission += [phrase.word("installed", day=one.installed)] if one.installed is not None else []
    return phrase.line(
        phrase.said("subsystems", key),
        " / ".join(number(rate) for rate in (one.lambda_du_per_h, one.lambda_dd_per_h, one.lambda_s_per_h)),
        f"{number(one.beta)} / {number(one.beta_d)}",
        " / ".join(hours),
        phrase.word("list").join(test),
        phrase.word("list").join(mission),
        one.basis,
    )
