"""The point of no return is a moment that was tried, close below the last one that averts."""

from hypothesis import given
from hypothesis import strategies as st

from simulation.proof.no_return import point_of_no_return, resolution_s

seconds = st.integers(1, 20_000)


@given(first=st.integers(1, 100), wait=st.integers(0, 5_000), span=st.integers(1, 15_000), share=st.floats(0, 1))
def test_it_lies_within_a_resolution_step_below_the_last_moment_that_averts(
    first: int, wait: int, span: int, share: float
) -> None:
    trip_s, lost_s = float(first + wait), float(first + wait + span)
    last_s = first + round(share * (lost_s - first - 1))
    tried: list[float] = []

    def averts(at_s: float) -> bool:
        tried.append(at_s)
        return at_s <= last_s

    found = point_of_no_return(averts, first_s=float(first), trip_s=trip_s, lost_s=lost_s)
    assert found is not None
    assert found in tried
    assert 0 <= last_s - found <= resolution_s(trip_s, lost_s)
    assert len(tried) <= 2 + 14


@given(first=seconds, wait=seconds, span=seconds)
def test_there_is_none_where_not_even_acting_at_the_onset_averts(first: int, wait: int, span: int) -> None:
    found = point_of_no_return(
        lambda _: False, first_s=float(first), trip_s=float(first + wait), lost_s=float(first + wait + span)
    )
    assert found is None
