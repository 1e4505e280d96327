"""The state machine of effects against the written reference, over whole matrices and long stories."""

import numpy as np
from effect_reference import ABSENT, NO, UNKNOWN, YES, Cell, Reference, Row
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from plantsafe.protection.effect_machine import Effects, EffectState, Matrix, Seen, step

N_ROWS, N_EFFECTS = 3, 2
cells = st.builds(
    Cell,
    row=st.integers(0, N_ROWS - 1),
    action=st.sampled_from("XXTPIA"),
    delay=st.integers(1, 3),
    reset=st.booleans(),
    override=st.booleans(),
)
columns = st.lists(st.lists(cells, max_size=4), min_size=N_EFFECTS, max_size=N_EFFECTS)
answers = st.sampled_from([NO, NO, YES, YES, UNKNOWN])
scans = st.tuples(
    st.lists(answers, min_size=N_ROWS, max_size=N_ROWS),
    st.lists(answers, min_size=N_ROWS, max_size=N_ROWS),
    st.lists(answers, min_size=N_ROWS, max_size=N_ROWS),
    st.lists(st.booleans(), min_size=N_ROWS, max_size=N_ROWS),
    st.lists(st.sampled_from([NO, YES, UNKNOWN, ABSENT]), min_size=N_EFFECTS, max_size=N_EFFECTS),
    st.integers(1, 3),
)


def matrix_of(columns: list[list[Cell]], own_latch: list[bool]) -> Matrix:
    flat = [(effect, cell) for effect, column in enumerate(columns) for cell in column]
    effect = np.array([e for e, _ in flat], dtype=np.intp)
    ones = np.ones(len(flat), dtype=np.int32)

    def acts(actions: str) -> np.ndarray:
        return np.array([c.action in actions for _, c in flat], dtype=np.bool_)

    return Matrix(
        row=np.array([c.row for _, c in flat], dtype=np.intp),
        effect=effect,
        trips=acts("XT"),
        delay_scans=np.array([c.delay for _, c in flat], dtype=np.int64),
        latches=np.array([c.reset for _, c in flat], dtype=np.bool_),
        permits=acts("P"),
        inhibits=acts("I"),
        overridable=np.array([c.override for _, c in flat], dtype=np.bool_),
        own_latch=np.array(own_latch, dtype=np.bool_),
        of_effect=csr_array((ones, (effect, np.arange(len(flat)))), shape=(N_EFFECTS, len(flat))),
    )


@settings(max_examples=300)
@given(
    columns=columns,
    own_latch=st.lists(st.booleans(), min_size=N_ROWS, max_size=N_ROWS),
    story=st.lists(scans, min_size=1, max_size=25),
)
def test_every_story_comes_to_what_the_reference_says(
    columns: list[list[Cell]], own_latch: list[bool], story: list[tuple[list[int], ...]]
) -> None:
    for column in columns:
        for cell in column:
            cell.delay = cell.delay if cell.action == "T" else 0
            cell.since, cell.kept = None, False
    matrix = matrix_of(columns, own_latch)
    references = [Reference(rows=[Row(own_latch=own) for own in own_latch], cells=column) for column in columns]
    effects, number = Effects.fresh(matrix), 0
    for alive, latched, permit, over, observed, skip in story:
        number += skip
        seen_latch = [NO if own else latch for own, latch in zip(own_latch, latched, strict=True)]
        seen = Seen(
            alive=np.array(alive, dtype=np.uint8),
            latched=np.array(seen_latch, dtype=np.uint8),
            permit=np.array(permit, dtype=np.uint8),
            overridden=np.array(over, dtype=np.bool_),
            observed=np.array(observed, dtype=np.uint8),
        )
        done = step(effects, matrix, seen, number)
        effects = done.effects
        said = [
            one.scan(number, alive, seen_latch, permit, over, observed[i])  # type: ignore[arg-type]
            for i, one in enumerate(references)
        ]
        found = [
            (EffectState(int(state)).name, bool(must), bool(stays))
            for state, must, stays in zip(effects.state, done.must_be_safe, done.may_not_leave, strict=True)
        ]
        assert found == said
