"""The vote, against an evaluation that walks through every case one by one."""

from itertools import product

import numpy as np
import pytest

from plantsafe.protection.answer import Answer
from plantsafe.protection.vote import ChannelState as S
from plantsafe.protection.vote import Policy, take_votes

CHANNELS = [
    (S.HEALTHY, Answer.NO), (S.HEALTHY, Answer.YES), (S.HEALTHY, Answer.UNKNOWN), (S.FAULTED, Answer.YES),
    (S.BYPASSED, Answer.YES), (S.NOT_VISIBLE, Answer.UNKNOWN), (S.NOT_VISIBLE, Answer.YES),
]  # fmt: skip


def logic(kinds: tuple[str, ...], vote: int, on_fault: Policy, on_bypass: Policy) -> bool:
    """A safety system of channels "trip", "ok", "fault", "bypass", written as one would wire it."""
    ballots: list[bool] = []
    for kind in kinds:
        policy = {"fault": on_fault, "bypass": on_bypass}.get(kind)
        if policy is Policy.REMOVE:
            continue
        ballots.append(kind == "trip" or policy is Policy.VOTE_TRIP)
    return bool(ballots) and sum(ballots) >= min(vote, len(ballots))


def cases(channel: tuple[S, Answer]) -> list[str]:
    """What a channel may really be."""
    match channel:
        case (S.FAULTED, _):
            return ["fault"]
        case (S.BYPASSED, _):
            return ["bypass"]
        case (S.NOT_VISIBLE, Answer.YES) | (S.HEALTHY, Answer.YES):
            return ["trip"]
        case (S.HEALTHY, Answer.NO):
            return ["ok"]
        case (S.HEALTHY, _):
            return ["trip", "ok"]
        case _:
            return ["trip", "ok", "fault", "bypass"]


def could_ever_trip(channels: tuple[tuple[S, Answer], ...], vote: int, on_fault: Policy, on_bypass: Policy) -> bool:
    """With every healthy channel voting to trip, in the best case of the unseen ones."""
    best = [
        ["trip"] if state == S.HEALTHY else ["trip", "fault", "bypass"] if state == S.NOT_VISIBLE else cases((state, a))
        for state, a in channels
    ]
    return any(logic(kinds, vote, on_fault, on_bypass) for kinds in product(*best))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_every_vote_of_up_to_four_channels_agrees_with_the_walk_through_all_cases(n: int) -> None:
    rows = list(product(range(1, n + 1), Policy, Policy, product(CHANNELS, repeat=n)))
    votes = take_votes(
        state=np.array([[c[0] for c in row[3]] + [S.ABSENT] for row in rows], dtype=np.uint8),
        beyond=np.array([[c[1] for c in row[3]] + [Answer.ABSENT] for row in rows], dtype=np.uint8),
        vote=np.array([row[0] for row in rows]),
        on_fault=np.array([row[1] for row in rows], dtype=np.uint8),
        on_bypass=np.array([row[2] for row in rows], dtype=np.uint8),
    )
    for row, result, absent, whole in zip(
        rows, votes.result.tolist(), votes.absent.tolist(), votes.whole.tolist(), strict=True
    ):
        vote, on_fault, on_bypass, channels = row
        answers = {logic(k, vote, on_fault, on_bypass) for k in product(*map(cases, channels))}
        expected = Answer.UNKNOWN if len(answers) == 2 else Answer.YES if True in answers else Answer.NO
        assert result == expected, row
        assert absent == (not could_ever_trip(channels, vote, on_fault, on_bypass)), row
        assert whole == all(state == S.HEALTHY for state, _ in channels), row


def trips_with(kinds: list[str], n_trip: int, vote: int, on_fault: Policy, on_bypass: Policy) -> bool:
    """The logic, with the first `n_trip` of the healthy channels voting to trip."""
    left, wired = n_trip, []
    for kind in kinds:
        wired.append("trip" if kind == "ok" and left > 0 else kind)
        left -= kind == "ok"
    return logic(tuple(wired), vote, on_fault, on_bypass)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_every_degraded_architecture_agrees_with_counting_the_healthy_channels_that_trip_it(n: int) -> None:
    word = {"ok": S.HEALTHY, "fault": S.FAULTED, "bypass": S.BYPASSED}
    rows = list(product(range(1, n + 1), Policy, Policy, product(word, repeat=n)))
    votes = take_votes(
        state=np.array([[word[kind] for kind in row[3]] for row in rows], dtype=np.uint8),
        beyond=np.full((len(rows), n), Answer.NO, dtype=np.uint8),
        vote=np.array([row[0] for row in rows]),
        on_fault=np.array([row[1] for row in rows], dtype=np.uint8),
        on_bypass=np.array([row[2] for row in rows], dtype=np.uint8),
    )
    for row, m, left, counts in zip(
        rows, votes.effective_m.tolist(), votes.effective_n.tolist(), votes.counts.tolist(), strict=True
    ):
        vote, on_fault, on_bypass, kinds = row
        healthy = kinds.count("ok")
        enough = [k for k in range(healthy + 1) if trips_with(list(kinds), k, vote, on_fault, on_bypass)]
        assert left == healthy, row
        assert m == enough[0] if enough else m > left, row
        assert counts == [healthy, kinds.count("fault"), kinds.count("bypass"), 0], row


@pytest.mark.parametrize(
    ("policy", "channels", "result"),
    [
        (Policy.VOTE_TRIP, "fault ok ok", Answer.NO),  # 2oo3 with a fault votes as 1oo2
        (Policy.VOTE_TRIP, "fault trip ok", Answer.YES),
        (Policy.VOTE_TRIP, "fault fault ok", Answer.YES),
        (Policy.VOTE_HEALTHY, "fault trip ok", Answer.NO),  # as 2oo2
        (Policy.VOTE_HEALTHY, "fault trip trip", Answer.YES),
        (Policy.VOTE_HEALTHY, "fault fault trip", Answer.NO),  # nothing can trip it
        (Policy.REMOVE, "fault trip ok", Answer.NO),  # as 2oo2
        (Policy.REMOVE, "fault fault trip", Answer.YES),  # as 1oo1
        (Policy.REMOVE, "fault fault fault", Answer.NO),
    ],
)
def test_two_out_of_three_degrades_as_its_policy_says(policy: Policy, channels: str, result: Answer) -> None:
    word = {"ok": (S.HEALTHY, Answer.NO), "trip": (S.HEALTHY, Answer.YES), "fault": (S.FAULTED, Answer.NO)}
    row = [word[kind] for kind in channels.split()]
    votes = take_votes(
        np.array([[state for state, _ in row]], dtype=np.uint8),
        np.array([[beyond for _, beyond in row]], dtype=np.uint8),
        np.array([2]),
        np.array([policy], dtype=np.uint8),
        np.array([policy], dtype=np.uint8),
    )
    assert votes.result.tolist() == [result]
