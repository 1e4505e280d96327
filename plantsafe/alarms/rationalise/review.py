"""The whole review of a plant file, and its proposals as a difference of the text that a person can read and apply."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from plantsafe.alarms.kpi import CAME, Figures, Moves, figures
from plantsafe.alarms.own_log import own_moves
from plantsafe.alarms.rationalise.file_rules import RESPONSE_MIN, entries, of_alarms, of_mistakes, shares
from plantsafe.alarms.rationalise.past import Noise, noise_of
from plantsafe.alarms.rationalise.past_rules import Samples, nuisances, of_past
from plantsafe.alarms.rationalise.remark import Proposal, Remark, Share
from plantsafe.alarms.together import Pair, pairs, sequences
from plantsafe.alarms.together import Sequence as Order
from plantsafe.errors import PlantFileError
from plantsafe.frame import is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.history.window import Window
from plantsafe.plant.edit import Place, set_values
from plantsafe.plant.load import survey_plant
from plantsafe.plant.rules import View

TRIED_MAX = 50  # nuisance alarms whose settings are tried over the history, the worst ones (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The recorded span that was looked at."""

    begin_ns: int
    end_ns: int
    noise: Noise
    figures: Figures
    pairs: tuple[Pair, ...]
    sequences: tuple[Order, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """n_alarms: configured alarms that could be read. diff: unified, for `git apply` beside the main file."""

    file: Path
    n_alarms: int
    remarks: tuple[Remark, ...]
    proposals: tuple[Proposal, ...]
    shares: tuple[Share, ...]
    past: Past | None
    diff: str


def review(
    path: Path,
    history: HistoryReader | None = None,
    span_ns: tuple[int, int] | None = None,
    response_min: float = RESPONSE_MIN,
) -> Review:
    """Everything there is to say of the alarms of a plant file, with its recorded past if there is one."""
    view, mistakes = survey_plant(path)
    remarks = [*of_mistakes(view, mistakes), *of_alarms(view, response_min)]
    proposals: tuple[Proposal, ...] = ()
    past = None
    if history is not None and span_ns is not None:
        past = _past(view, history, *span_ns)
        nuisance = nuisances(past.figures)
        found = of_past(view, past.noise, nuisance, past.pairs, _samples(view, history, nuisance, span_ns))
        remarks += found.remarks
        proposals = found.proposals
    diff, proposals = _difference(path, proposals)
    return Review(
        file=path,
        n_alarms=sum(1 for _ in entries(view)),
        remarks=tuple(dict.fromkeys(remarks)),
        proposals=proposals,
        shares=shares(view),
        past=past,
        diff=diff,
    )


def _past(view: View, history: HistoryReader, begin_ns: int, end_ns: int) -> Past:
    known = history.names()
    points = dict.fromkeys(alarm.point for section, _, alarm in entries(view) if section == "alarms")
    names = tuple(name for name in points if name in known)
    moves = own_moves(history.record, end_ns)
    came = (moves.what == CAME) & (moves.time_ns >= begin_ns)
    time_ns, alarm = moves.time_ns[came], moves.alarm[came]
    return Past(
        begin_ns=begin_ns,
        end_ns=end_ns,
        noise=noise_of(names, _filled(history.windows(names, begin_ns, end_ns)), view.head.scan_period_s),
        figures=figures(_from(moves, begin_ns), begin_ns, end_ns),
        pairs=pairs(moves.names, time_ns, alarm),
        sequences=sequences(moves.names, time_ns, alarm),
    )


def _from(moves: Moves, begin_ns: int) -> Moves:
    """Moves from an instant on: what stood before is not the span's."""
    inside = moves.time_ns >= begin_ns
    return replace(
        moves,
        time_ns=moves.time_ns[inside],
        alarm=moves.alarm[inside],
        what=moves.what[inside],
        priority=moves.priority[inside],
    )


_FILLED = 600  # scans; site default: short stretches are joined, so that no block is cut


def _filled(windows: Iterable[Window]) -> Iterable[Window]:
    """Stretches joined until they hold enough scans."""
    waiting: list[Window] = []
    for window in windows:
        waiting.append(window)
        if sum(len(one.number) for one in waiting) >= _FILLED:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(windows: Sequence[Window]) -> Window:
    return Window(
        number=np.concatenate([one.number for one in windows]),
        time_ns=np.concatenate([one.time_ns for one in windows]),
        value=np.concatenate([one.value for one in windows]),
        status=np.concatenate([one.status for one in windows]),
    )


def _samples(
    view: View, history: HistoryReader, nuisance: dict[str, tuple[int, int]], span_ns: tuple[int, int]
) -> dict[str, Samples]:
    """Whole series of the points whose alarms were the worst nuisances."""
    worst = sorted(nuisance, key=lambda name: -sum(nuisance[name]))[:TRIED_MAX]
    point = {alarm.name: alarm.point for section, _, alarm in entries(view) if section == "alarms"}
    known = history.names()
    names = tuple(dict.fromkeys(point[name] for name in worst if point.get(name) in known))
    if not names:
        return {}
    whole = _joined(list(history.windows(names, *span_ns)))
    return {
        name: (np.ascontiguousarray(whole.value[:, i]), np.ascontiguousarray(is_good(whole.status[:, i])))
        for i, name in enumerate(names)
    }


def _difference(path: Path, proposals: tuple[Proposal, ...]) -> tuple[str, tuple[Proposal, ...]]:
    """A unified difference of every file that changes; what cannot be written is marked as by hand."""
    parts: list[str] = []
    done: list[Proposal] = []
    for file in dict.fromkeys(one.file for one in proposals):
        mine = [one for one in proposals if one.file == file]
        text = "" if all(one.by_hand for one in mine) else Path(file).read_bytes().decode("utf-8")
        mine, changed = _changed(text, mine, file)
        done += mine
        if changed != text:
            parts += _unified(text, changed, _relative(file, path))
    order = {id(one): i for i, one in enumerate(done)}
    return "".join(parts), tuple(sorted(done, key=lambda one: order[id(one)]))


def _changed(text: str, proposals: list[Proposal], file: str) -> tuple[list[Proposal], str]:
    for _ in range(2):  # the second time without the places that cannot be changed alone
        written = [one for one in proposals if not one.by_hand]
        places: list[dict[Place, Any]] = [
            {(one.section, one.alarm, one.field): one.new for one in written if (one.old is None) is new}
            for new in (False, True)
        ]
        try:
            return proposals, set_values(text, places[0], added=places[1], file=file) if written else text
        except PlantFileError as error:
            refused = {mistake.field for mistake in error.mistakes}
            proposals = [
                replace(one, by_hand=one.by_hand or f"{one.section}.{one.alarm}.{one.field}" in refused)
                for one in proposals
            ]
    return [replace(one, by_hand=True) for one in proposals], text


def _relative(file: str, main: Path) -> str:
    try:
        return Path(file).resolve().relative_to(main.resolve().parent).as_posix()
    except ValueError:
        return Path(file).name


def _unified(before: str, after: str, name: str) -> list[str]:
    found = []
    for line in difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    ):
        found.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return found
