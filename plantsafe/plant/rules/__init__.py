"""What is well-formed and still wrong: every rule over the whole description, each told at its field."""

from collections.abc import Iterator
from typing import Any

from plantsafe.plant.assemble import SECTIONS, Section
from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import Partial
from plantsafe.plant.rules import alarms, expressions, functions, lines, names, reduction, sources, units
from plantsafe.plant.rules.view import EachRule, View, WholeRule, judged

EACH: dict[Section, tuple[EachRule, ...]] = {
    ("units",): (
        expressions.lock_expressions,
        units.class_follows_temperatures,
        units.parameters_are_known,
        units.partition_is_of_the_workshop,
        units.requirements_are_known,
        units.phases_are_states,
        units.balance_has_its_points,
        lines.line_has_its_points,
        lines.line_limits_can_be_seen,
        units.followed_has_phases,
        units.windows_are_in_range,
        units.windows_come_before_the_trip,
    ),
    ("sources",): (
        sources.heartbeat_is_its_own,
        sources.fast_points_are_its_own,
        sources.coded_points_are_its_own,
        sources.fast_points_are_in_one_group,
        sources.period_is_a_multiple,
        sources.requests_are_borne,
        sources.fast_replay_is_alone,
    ),
    ("points",): (sources.protocol_fits, reduction.stamps_are_not_judged),
    ("alarms",): (
        alarms.limit_is_in_range,
        alarms.nitration_comes_at_once,
        alarms.comes_before_the_trip,
        alarms.guidance_names_phases,
        expressions.alarm_expressions,
    ),
    ("expression_alarms",): (
        alarms.guidance_names_phases,
        expressions.alarm_expressions,
        expressions.raising_expressions,
    ),
    ("functions",): (
        functions.setpoint_is_in_range,
        functions.channels_are_apart,
        functions.response_can_be_seen,
        functions.fast_group_has_it,
        functions.fast_group_is_one,
        functions.buffer_has_it,
        functions.trip_bit_is_a_state,
        functions.safe_values_can_be_seen,
        functions.modes_exist,
        functions.shown_setpoint_is_analog,
    ),
    ("effects",): (expressions.preconditions,),
    ("causes_and_effects",): (functions.rows_cover_elements, expressions.row_expressions),
    ("gas_detectors",): (units.gas_levels_are_in_range,),
}
ASKED: dict[Section, tuple[EachRule, ...]] = {
    ("workshops",): (units.workshop_count_is_allowed, units.partition_counts_are_allowed),
    ("units",): (units.nitration_is_monitored,),
    ("functions",): (functions.reduction_is_reached,),
    ("gas_detectors",): (units.gas_levels_are_allowed,),
}
"""What rules and good practice ask. A plant that breaks them is still watched; only `check` refuses its file."""

WHOLE: tuple[WholeRule, ...] = (
    names.unique,
    names.reserved,
    sources.places_are_apart,
    reduction.reduced_are_under_no_check,
    sources.points_are_outside_of_rings,
    alarms.limits_are_in_order,
    alarms.groups_have_members,
    functions.elements_agree,
    functions.strokes_agree,
    functions.functions_have_rows,
    functions.rows_agree,
)


def broken_rules(view: View) -> Iterator[Found]:
    """All that is wrong in meaning; paths are from the top of the description."""
    for section in SECTIONS:
        rules = (_own, names.refers, *EACH.get(section, ()))
        yield from judged(view, section, rules)
    for rule in WHOLE:
        try:
            yield from rule(view)
        except view.cannot_judge:
            continue


def broken_demands(view: View) -> Iterator[Found]:
    """All that rules and good practice ask and the file does not give."""
    for section, rules in ASKED.items():
        yield from judged(view, section, rules)
    try:
        yield from alarms.deadbands_leave_room(view)
    except view.cannot_judge:
        return


def _own(_: View, entry: Any) -> Iterator[Found]:
    """The rules of the entry itself; whole entries passed them when they were made."""
    if isinstance(entry, Partial):
        yield from entry.own_mistakes()


__all__ = ["View", "broken_demands", "broken_rules"]
