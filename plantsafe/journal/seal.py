"""A seal: the head of the journal at one moment, signed. Kept outside, it vouches for every row up to that head."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from plantsafe.errors import DamagedFileError, RequestError
from plantsafe.journal.key import SealKey, signed
from plantsafe.store.sqlite import translated

FORMAT = "plantsafe-seal/1"
FIRST = hashlib.sha256(b"plantsafe seals").hexdigest()
"""What the first seal names as the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Row `seq` of the journal has the hash `head`, and is the last one after scan `scan`.

    number: of the seal, from 1. scan_ns: time of that scan; made_ns: when it was signed, by the clock of the machine.
    why: start, interval, priority_1, stop, asked. previous: SHA-256 of the seal before. key: the public key.
    """

    site: str
    number: int
    seq: int
    head: str
    scan: int
    scan_ns: int
    made_ns: int
    why: str
    previous: str
    key: str
    signature: str = ""

    def text(self) -> bytes:
        """What is signed: everything but the signature, as canonical JSON."""
        about = asdict(self)
        del about["signature"]
        return _canonical({"format": FORMAT, **about}).encode()

    def document(self) -> str:
        """The whole seal as canonical JSON."""
        return _canonical({"format": FORMAT, **asdict(self)})

    def digest(self) -> str:
        """What the next seal names."""
        return hashlib.sha256(self.document().encode()).hexdigest()

    @property
    def holds(self) -> bool:
        """Whether its signature is that of its key."""
        return signed(self.key, self.signature, self.text())

    def signed_by(self, key: SealKey) -> "Seal":
        """The same, signed."""
        open_ = replace(self, key=key.public, signature="")
        return replace(open_, signature=key.sign(open_.text()))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_TYPES = {field.name: int if field.type is int else str for field in fields(Seal)}


def seal_of(document: str, where: str) -> Seal:
    """The seal in a text; raises DamagedFileError when it is none, or when its signature does not hold."""
    try:
        about = json.loads(document)
        found = about.pop("format")
        if found != FORMAT or about.keys() != _TYPES.keys():
            raise ValueError(f"its format is {found!r}")
        if any(type(about[name]) is not kind for name, kind in _TYPES.items()):
            raise ValueError("a field does not have its type")
        seal = Seal(**about)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFileError(
            f"{where} is no seal ({error})", mend="give a file that plantsafe put outside, as it came"
        ) from error
    if not seal.holds:
        raise DamagedFileError(f"{where}: the signature does not hold", mend="take the seal from another copy")
    return seal


def read_seals(paths: Iterable[Path], *, public: str = "") -> list[Seal]:
    """The seals in files and folders, a seal a line, by row; of the key `public` alone where one is given."""
    found: dict[str, Seal] = {}
    for path in paths:
        for file in sorted(path.glob("*.json*")) if path.is_dir() else [path]:
            for where, line in _lines(file):
                seal = seal_of(line, where)
                if public and seal.key != public:
                    raise DamagedFileError(
                        f"{where} is signed by another key ({seal.key[:16]}...)",
                        mend="give the public key that was taken down when the plant was set up",
                    )
                found[seal.digest()] = seal
    if not found:
        raise RequestError("there is no seal in what was given", mend="give a file, or a folder of seals")
    return sorted(found.values(), key=lambda seal: (seal.seq, seal.number))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with translated(path):
        text = path.read_bytes().decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def heads_of(seals: Iterable[Seal]) -> dict[int, str]:
    """Hash by row; raises DamagedFileError where two seals say different things of one row."""
    heads: dict[int, str] = {}
    for seal in seals:
        if heads.setdefault(seal.seq, seal.head) != seal.head:
            raise DamagedFileError(
                f"two seals say different things of row {seal.seq}: the journal was written anew between them",
                mend="find out which of the two was outside first",
            )
    return heads


def seals_chained(seals: Iterable[Seal]) -> str:
    """What is wrong in a row of seals from the first on; empty where nothing is."""
    previous, expected = FIRST, 1
    for seal in seals:
        if seal.number != expected or seal.previous != previous:
            return f"seal {expected} is missing, or does not name the one before it"
        if not seal.holds:
            return f"the signature of seal {seal.number} does not hold"
        previous, expected = seal.digest(), expected + 1
    return ""
