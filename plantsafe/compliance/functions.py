"""Bypass time and service of the safety functions, from the bits of the safety system in every recorded scan.

In service means what the check of the functions means by it: no channel bypassed, all that it needs is seen, and the
vote can trip. The same code answers it (plantsafe.protection), here for a block of scans at once.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.compliance.figure import Evidence, Figure, Note, Row, figure_of_rows, judge
from plantsafe.compliance.period import NS_PER_S, Block, Span
from plantsafe.compliance.rules import Rule
from plantsafe.compliance.tally import Tally, code
from plantsafe.frame import F8, U4, Frame
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.protection.answer import Answer
from plantsafe.protection.channel import look
from plantsafe.protection.tables import FunctionTable, compile_functions
from plantsafe.protection.vote import ChannelState, take_votes

_POINT_ROWS = ("input", "bypass", "fault", "feedback", "tripped", "mode", "test_mode", "manual_trip")
_SHARED = ("names", "period_s")


class Functions:
    """Takes the columns that the functions need; three figures: time bypassed, longest bypass, share in service."""

    def __init__(self, plant: Plant, time_rule: Rule, longest_rule: Rule, service_rule: Rule, span: Span) -> None:
        self._rules = (time_rule, longest_rule, service_rule)
        self._functions = plant.file.functions
        table = compile_functions(plant)
        rows = np.unique(np.concatenate([np.ravel(getattr(table, name)) for name in _POINT_ROWS]))
        rows = rows[rows >= 0]
        self.columns = tuple(plant.points.names[row] for row in rows)
        self._table = _changed(table, {name: _column(getattr(table, name), rows) for name in _POINT_ROWS})
        self._blind = np.array([any(c.bypass is None for c in f.inputs) for f in self._functions], dtype=np.bool_)
        self._stacked: tuple[int, FunctionTable] = (0, self._table)
        self._bypass = Tally(len(self._functions), before=span.before)
        self._service = Tally(len(self._functions), before=span.before)

    def take(self, block: Block, value: F8, status: U4) -> None:
        """Judge a block; value, status (n, n_columns)."""
        n, k = len(block.number), len(self._functions)
        if not k:
            return
        if self._stacked[0] != n:
            self._stacked = (n, _stack(self._table, n, value.shape[1]))
        table = self._stacked[1]
        sight = look(table, _flat(value, status))
        votes = take_votes(sight.state, sight.beyond, table.vote, table.on_fault, table.on_bypass)
        on = (sight.bypass == Answer.YES).any(axis=1).reshape(n, k)
        off = (sight.bypass != Answer.UNKNOWN).all(axis=1).reshape(n, k) & ~self._blind
        unseen = (sight.state == ChannelState.NOT_VISIBLE).any(axis=1) | (sight.tripped == Answer.UNKNOWN)
        unseen = (unseen | (sight.element_safe == Answer.UNKNOWN).any(axis=1)).reshape(n, k) | self._blind
        self._bypass.take(code(on, off), block.missing)
        self._service.take(code(on | votes.absent.reshape(n, k), ~unseen), block.missing)

    def figures(self, span: Span, after: int, evidence: Evidence, events: dict[str, tuple[int, ...]]) -> list[Figure]:
        """The three figures; `events` maps a function to the sequence numbers of its bypass events in the period."""
        self._bypass.close(after=after)
        self._service.close(after=after)
        period_s = span.period_ns / NS_PER_S
        time_rows: list[Row] = []
        longest_rows: list[Row] = []
        service_rows: list[Row] = []
        for i, function in enumerate(self._functions):
            proof = replace(evidence, samples=evidence.scans, events=events.get(function.name, ()))
            notes: tuple[Note, ...] = (Note(key="no_bypass_bit"),) if self._blind[i] else ()
            counts = self._bypass.counts(i)
            if counts.beyond and not proof.events:
                notes = (*notes, Note(key="not_in_journal"))
            on_s = counts.beyond * period_s
            most_s = (counts.scheduled - counts.well) * period_s
            longest_s = float(self._bypass.longest_seen[i]) * period_s
            possible_s = float(self._bypass.longest_possible[i]) * period_s
            for rule, rows, seen, worst in (
                (self._rules[0], time_rows, on_s, most_s),
                (self._rules[1], longest_rows, longest_s, possible_s),
            ):
                limit = rule.limit_in(span.length_s)
                outcome = judge(rule, limit, seen=seen, best=seen, worst=worst, judged_share=counts.judged_share)
                rows.append(
                    Row(
                        subject=function.name,
                        title=function.title,
                        value=seen if counts.well + counts.beyond else None,
                        limit=limit,
                        outcome=outcome,
                        counts=counts,
                        evidence=proof,
                        notes=notes,
                    )
                )
            service_rows.append(self._service_row(i, span, proof, notes[:1] if self._blind[i] else ()))
        total_s = sum(row.value or 0.0 for row in time_rows)
        total = (Note(key="total", words=(("total_s", total_s),)),) if time_rows else ()
        time, longest, service = self._rules
        return [
            figure_of_rows(time, time.limit_in(span.length_s), tuple(time_rows), evidence, total),
            figure_of_rows(longest, longest.limit_in(span.length_s), tuple(longest_rows), evidence, ()),
            figure_of_rows(service, service.limit_in(span.length_s), tuple(service_rows), evidence, ()),
        ]

    def _service_row(self, i: int, span: Span, proof: Evidence, notes: tuple[Note, ...]) -> Row:
        rule, counts, function = self._rules[2], self._service.counts(i), self._functions[i]
        judged = counts.well + counts.beyond
        share = counts.well / judged if judged else None
        limit = rule.limit_in(span.length_s)
        return Row(
            subject=function.name,
            title=function.title,
            value=share,
            limit=limit,
            outcome=judge(
                rule,
                limit,
                seen=share,
                best=1.0 - counts.beyond / counts.scheduled,
                worst=counts.well / counts.scheduled,
                judged_share=counts.judged_share,
            ),
            counts=counts,
            evidence=proof,
            notes=notes,
        )


def _changed(table: FunctionTable, arrays: dict[str, NDArray[Any]]) -> FunctionTable:
    values = {field.name: getattr(table, field.name) for field in fields(table)}
    return FunctionTable(**(values | arrays))


def _column(rows: Index, wanted: Index) -> Index:
    """Rows of the frame as columns of what is taken out of it; -1 stays."""
    answer: Index = np.where(rows >= 0, np.searchsorted(wanted, rows), -1)
    return answer


def _stack(table: FunctionTable, n: int, width: int) -> FunctionTable:
    """The table for n scans laid end to end, each `width` values long: one row a scan and function."""
    k = len(table.names)
    offset = np.repeat(np.arange(n, dtype=np.intp) * width, k)
    changed: dict[str, NDArray[Any]] = {}
    for field in fields(table):
        if field.name in _SHARED:
            continue
        array = getattr(table, field.name)
        tiled = np.tile(array, (n, *(1,) * (array.ndim - 1)))
        if field.name in _POINT_ROWS:
            shift = offset.reshape(-1, *(1,) * (array.ndim - 1))
            tiled = np.where(tiled >= 0, tiled + shift, -1)
        changed[field.name] = tiled
    return _changed(table, changed)


def _flat(value: F8, status: U4) -> Frame:
    """Scans laid end to end as one frame; only value and status mean anything."""
    nothing = np.zeros(0, dtype=np.int64)
    return Frame(
        number=0,
        plant="",
        time_ns=0,
        value=value.ravel(),
        status=status.ravel(),
        source_time_ns=nothing,
        received=nothing,
        origin=nothing.astype(np.uint8),
        resolution_ns=nothing,
    )
