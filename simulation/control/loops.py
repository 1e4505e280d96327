"""Controllers that work together: one that sets the setpoint of another, and one flow in a ratio to another."""

from simulation.control.pid import Mode, Pid


class Cascade:
    """An outer controller whose output is the setpoint of an inner one.

    While the inner one is not in cascade the outer one follows its setpoint, so that the return is bumpless (an error
    that alone passes an end of the outer output acts at once); while the inner output is at an end, the outer integral
    does not wind up against it. The inner one opens to raise.
    """

    def __init__(self, outer: Pid, inner: Pid) -> None:
        self.outer, self.inner = outer, inner
        inner.cascade()

    def step(self, outer_measured: float, inner_measured: float) -> float:
        """Output of the inner controller after one step."""
        outer, inner = self.outer, self.inner
        if inner.mode == Mode.CASCADE:
            outer.step(outer_measured, blocked=inner.at_end)
        else:
            if inner.mode == Mode.MANUAL:
                inner.setpoint = inner_measured
            outer.follow(inner.setpoint, outer_measured)
        return inner.step(inner_measured, outer.output)


class Ratio:
    """A leading flow on its own setpoint and a second one that follows its measured value.

    When the leader fails the other goes down with it; when the other fails the leader knows nothing of it.
    """

    def __init__(self, leader: Pid, follower: Pid, share: float) -> None:
        """`share`: follower by leader."""
        self.leader, self.follower, self.share = leader, follower, share
        follower.cascade()

    def step(self, leader_measured: float, follower_measured: float) -> tuple[float, float]:
        """Outputs of leader and follower after one step."""
        lead = self.leader.step(leader_measured)
        return lead, self.follower.step(follower_measured, self.share * leader_measured)

    def hold(self) -> None:
        """Both in manual where they stand: an interlock has closed a valve that they feed through."""
        self.leader.manual()
        self.follower.manual()

    def release(self) -> None:
        """Leader in automatic, follower in cascade, both from where they stand."""
        self.leader.automatic()
        self.follower.cascade()
