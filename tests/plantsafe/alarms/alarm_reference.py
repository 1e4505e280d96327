"""The written reference model of one alarm: ISA-18.2's figure in plain Python, one person's reading of it.

Nothing of the product is used here. Times are scan numbers, as the product's.
"""

from dataclasses import dataclass, field

ATTENTION = {"UNACK", "RTNUN", "LTUNK"}


@dataclass
class ReferenceAlarm:
    latching: bool = False
    most: int = 60
    times: int = 2
    shift: int = 8 * 3600
    state: str = "NORM"
    active: bool = False
    hidden: set[str] = field(default_factory=set)
    until: int = 0
    one_shot: bool = False
    unseen: bool = False
    occurrence: int = 0
    annunciations: int = 0
    shelvings: list[int] = field(default_factory=list)

    # acts: an empty text, or a word of the refusal

    def acknowledge(self) -> str:
        after = {"UNACK": "ACKED", "RTNUN": "NORM", "LTUNK": "LTACK"}.get(self.state)
        if after is None:
            return "nothing to acknowledge"
        self.state = after
        return ""

    def reset(self) -> str:
        if self.active:
            return "still holds"
        if self.state != "LTACK":
            return "acknowledge it before" if self.state == "LTUNK" else "nothing to reset"
        self.state = "NORM"
        return ""

    def shelve(self, now: int, scans: int, one_shot: bool) -> str:
        if "shelved" in self.hidden:
            return "already"
        if scans > self.most:
            return "longer"
        if self.shelvings and now - self.shelvings[0] >= self.shift:
            self.shelvings = []
        if len(self.shelvings) >= self.times:
            return "in a shift"
        self.shelvings.append(now)
        self.hidden.add("shelved")
        self.until, self.one_shot = now + scans, one_shot
        return ""

    def take_off(self) -> str:
        if "shelved" not in self.hidden:
            return "not shelved"
        self._show("shelved", by_person=True)
        return ""

    def out_of_service(self) -> str:
        if "out_of_service" in self.hidden:
            return "already"
        self.hidden.add("out_of_service")
        return ""

    def back(self) -> str:
        if "out_of_service" not in self.hidden:
            return "not out of service"
        self._show("out_of_service")
        return ""

    # a scan, after the acts

    def scan(self, now: int, *, holds: bool, by_design: bool) -> None:
        if by_design:
            self.hidden.add("by_design")
        went = self.active and not holds
        if holds and not self.active:
            self.active = True
            self._comes()
        elif went:
            self.active = False
            self._goes()
        if "by_design" in self.hidden and not by_design:
            self._show("by_design")
        if "shelved" in self.hidden and ((went and self.one_shot) or now >= self.until):
            self._show("shelved")

    def _comes(self) -> None:
        if self.state in ("NORM", "RTNUN", "LTACK"):
            new = self.state != "LTACK"
            self.state = "LTUNK" if self.latching else "UNACK"
            self.occurrence += 1
            if new and not self.hidden:
                self.annunciations += 1
        self.unseen = bool(self.hidden)

    def _goes(self) -> None:
        self.state = {"UNACK": "RTNUN", "ACKED": "NORM"}.get(self.state, self.state)
        if self.state != "LTUNK":
            self.unseen = False

    def _show(self, what: str, *, by_person: bool = False) -> None:
        self.hidden.discard(what)
        if self.hidden:
            self.unseen = self.unseen or (self.active and not by_person)
            return
        if self.active and by_person:
            self.state = {"UNACK": "ACKED", "LTUNK": "LTACK"}.get(self.state, self.state)
        elif self.active or (self.state == "LTUNK" and self.unseen):
            self.state = "LTUNK" if self.latching else "UNACK"
            self.annunciations += 1
        elif self.state == "RTNUN":
            self.state = "NORM"
        self.unseen = False
