"""The journal as a file of lines that can be verified without the database; `.gz` at the end of its name packs it.

The first line says what it is and where it begins; then an event a line, as a JSON list of its nine columns; then the
seals that vouch for it, an object a line.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from plantsafe.errors import DamagedFileError, StoreError
from plantsafe.journal.chain import GENESIS, Verified, verify
from plantsafe.journal.seal import Seal, heads_of, seal_of
from plantsafe.store.sqlite import translated

FORMAT = "plantsafe-journal/1"
COLUMNS = ("seq", "scan", "time_ns", "kind", "subject", "actor", "body", "previous", "hash")
_LINES = 5000  # written at once (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: first and last row, the hash of the last, the number of seals."""

    first: int
    last: int
    head: str
    seals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The first line of an export: the site, and number and hash of the row before the first.

    until: of an archive, its last row, after which the journal goes on elsewhere; 0 where everything is here.
    """

    site: str
    after: int
    previous: str
    until: int = 0


def write_export(
    path: Path,
    rows: Iterable[tuple[Any, ...]],
    *,
    site: str,
    after: int,
    previous: str,
    seals: Iterable[Seal],
    until: int = 0,
) -> Exported:
    """Write rows as `raw_events` gives them, and the seals of rows among them; whole or not at all. See Begin."""
    last, head, count = after, previous, 0
    about = {"format": FORMAT, "site": site, "columns": COLUMNS, "after": after, "previous": previous}
    about |= {"until": until} if until else {}
    with translated(path), _new(path) as file:
        file.write(_line(about))
        found = iter(rows)
        while block := list(islice(found, _LINES)):
            file.write(b"".join(_row_line(row) for row in block))
            last, head = block[-1][0], block[-1][8].decode("utf-8", "replace")
        for seal in seals:
            if after <= seal.seq <= last:
                file.write(_line({"seal": json.loads(seal.document())}))
                count += 1
    return Exported(first=after + 1, last=last, head=head, seals=count)


@contextmanager
def _new(path: Path) -> Iterator[IO[bytes]]:
    """A file in the place of `path` once everything is written and on the disk."""
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as plain:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=plain, mode="wb", mtime=0, filename="", compresslevel=6) as packed:
                    yield packed  # type: ignore[misc]  # a stream of bytes that is not called IO
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _line(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _row_line(row: tuple[Any, ...]) -> bytes:
    """The row as it is, whatever it is: what is no text or number shows as what it is not."""
    return _line([cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else cell for cell in row])


class ExportReader:
    """Reads an export from its begin to its end: `rows` first, then `seals` has what stands behind them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seals: list[Seal] = []
        with self._opened() as file:
            first = file.readline()
        try:
            head = json.loads(first)
            if head["format"] != FORMAT:
                raise ValueError(f"its format is {head['format']!r}")
            self.begin = Begin(
                site=str(head["site"]),
                after=int(head["after"]),
                previous=str(head["previous"]),
                until=int(head.get("until", 0)),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFileError(
                f"{path} is no export of a journal ({error})", mend="make one with plantsafe journal export"
            ) from error

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            with gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb") as file:
                yield file  # type: ignore[misc]  # a stream of bytes that is not called IO
        except (EOFError, gzip.BadGzipFile) as error:
            raise DamagedFileError(f"{self.path} is damaged ({error})", mend="take another copy of it") from error
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be read: {error.strerror or error}", mend="look at its name"
            ) from None

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row, text as bytes, as `verify` wants it; a line that is no row stops with what is wrong."""
        with self._opened() as file:
            file.readline()
            for number, line in enumerate(file, start=2):
                if line.startswith(b'{"seal"'):
                    self._seals(chain([line], file))
                    return
                yield self._row(line, number)

    def _row(self, line: bytes, number: int) -> tuple[Any, ...]:
        try:
            row = json.loads(line)
            if type(row) is not list or len(row) != len(COLUMNS):
                raise ValueError("it has not the columns of an event")
        except ValueError as error:
            raise DamagedFileError(
                f"{self.path}:{number} is no event ({error})", mend="take another copy of the file"
            ) from error
        return tuple(cell.encode("utf-8", "surrogatepass") if type(cell) is str else cell for cell in row)

    def _seals(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            try:
                inner = json.dumps(json.loads(line)["seal"])
            except (ValueError, KeyError, TypeError):
                raise DamagedFileError(
                    f"{self.path}: a line behind the events is no seal", mend="take another copy of the file"
                ) from None
            self.seals.append(seal_of(inner, str(self.path)))


def verify_export(path: Path, heads: Mapping[int, str] | None = None, *, public: str = "") -> tuple[Verified, Begin]:
    """Walk an export: its chain, the heads from outside, and the seals that it brings itself.

    An export that begins with the first row must follow the fixed first hash; another one is trusted to follow what it
    names, which the export before it must end with. Seals of other keys than `public` do not count.
    """
    reader = ExportReader(path)
    begin = reader.begin
    previous = GENESIS if begin.after == 0 else begin.previous
    found = verify(reader.rows(), after=begin.after, previous=previous, heads=heads)
    if found.bad_row is not None:
        return found, begin
    own = heads_of(seal for seal in reader.seals if public in ("", seal.key))
    if own.keys() - (heads or {}).keys():
        found = verify(reader.rows(), after=begin.after, previous=previous, heads={**own, **(heads or {})})
    return found, begin


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with translated(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
