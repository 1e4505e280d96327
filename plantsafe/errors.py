"""The one error tree.

    PlantsafeError                 every message names what is wrong and what would mend it
    ├── FileMistakesError          a file that a person writes has mistakes (holds each with its place)
    │   ├── PlantFileError         the plant description cannot be used
    │   └── ScenarioError          a scenario cannot be run
    ├── StoreError                 a file of ours cannot be opened, read or written
    │   ├── NewerFileError         written by a newer plantsafe
    │   ├── EmptyFileError         its writer is about to make it
    │   └── DamagedFileError       SQLite or a hash says that bytes changed
    ├── SourceError                a source cannot be reached or is described in a way that cannot work
    ├── ReadOnlyError              something tried to write to the plant
    ├── PortInUseError             another process listens there
    ├── SimulationError            the simulated plant cannot do what it is asked
    └── RequestError               a request is malformed (a refusal is an event, not an exception)

Bad data from the plant is never an exception: it is a status in the frame.
"""

from dataclasses import dataclass


class PlantsafeError(Exception):
    """Base of all errors of the product; `str(error)` is one message for a person."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}\n  mend: {self.mend}" if self.mend else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong in a file: where, in which field, what, and what would mend it; `rule` groups them for tools."""

    file: str
    line: int
    column: int
    field: str
    wrong: str
    mend: str
    rule: str = "form"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.field}: {self.wrong}\n    mend: {self.mend}"


class FileMistakesError(PlantsafeError):
    """A file that a person writes has mistakes; all of them, in the order of the file."""

    what = "the file"

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        count = len(mistakes)
        head = f"{count} mistake{'s' if count != 1 else ''} in {self.what}"
        super().__init__("\n".join([head, *(str(mistake) for mistake in mistakes)]))
        self.mistakes = mistakes


class PlantFileError(FileMistakesError):
    """The plant description cannot be used."""

    what = "the plant description"


class ScenarioError(FileMistakesError):
    """A scenario cannot be run as it is written."""

    what = "the scenario"


class StoreError(PlantsafeError):
    """A file of ours cannot be opened, read or written."""


class NewerFileError(StoreError):
    """The file was written by a newer plantsafe; nothing in it was touched."""


class EmptyFileError(StoreError):
    """The file is there, and its writer has not written into it yet."""


class DamagedFileError(StoreError):
    """SQLite or a hash says that bytes changed since they were written."""


class SourceError(PlantsafeError):
    """A source of values cannot be reached, or is described in a way that cannot work."""


class ReadOnlyError(PlantsafeError):
    """A write-class request was about to leave for the plant; no byte was sent."""


class PortInUseError(PlantsafeError):
    """Another process listens on the port."""


class SimulationError(PlantsafeError):
    """The simulated plant cannot do what it is asked."""


class RequestError(PlantsafeError):
    """A request is malformed. (A request that is refused is answered by an event instead.)"""
