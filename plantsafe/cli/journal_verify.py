"""`plantsafe journal verify`: is every event as it was, as far as the chain and the seals can tell?"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.errors import DamagedFileError, RequestError

if TYPE_CHECKING:
    from plantsafe.journal.chain import Verified


def verify(
    data: Annotated[Path | None, typer.Option(help="folder of the record")] = None,
    export: Annotated[
        list[Path] | None, typer.Option(help="an export or archive, without the database; several in their order")
    ] = None,
    head: Annotated[
        list[Path] | None, typer.Option(help="seals that were kept outside: a file, or a folder of them")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="the plant's public key (.pub); other keys do not count")] = None,
) -> None:
    """Walk the whole chain, compare it with heads from outside, and name the first row that does not hold."""
    from plantsafe.journal.key import public_of
    from plantsafe.journal.seal import heads_of, read_seals

    if data is None and not export:
        raise RequestError("give --data, or --export", mend="plantsafe journal verify --data DIR")
    public = public_of(key) if key is not None else ""
    seals = read_seals(head, public=public) if head else []
    heads = heads_of(seals)
    for owner in sorted({seal.key for seal in seals}):
        typer.echo(f"{sum(seal.key == owner for seal in seals)} seals from outside, signed by the key {owner}")
    found = _of_exports(export, heads, public, whole=data is None) if export else None
    if data is not None and (found is None or found.bad_row is None):
        found = _followed(found, _of_record(data, heads, public))
    assert found is not None  # noqa: S101  # one of both is given
    _say(found, outside=bool(heads))


def _followed(before: "Verified | None", after: "Verified") -> "Verified":
    """Archives and the record that goes on after them, as one."""
    from dataclasses import replace

    if before is None or after.bad_row is not None:
        return after
    if (before.last + 1, before.head) != (after.first, after.before):
        raise DamagedFileError(
            f"the record goes on after row {after.first - 1} ({after.before[:12]}), but the archives end with row "
            f"{before.last} ({before.head[:12]})",
            mend="give all archives, in their order",
        )
    rows, anchored = before.rows + after.rows, max(before.anchored, after.anchored)
    return replace(after, first=before.first, before=before.before, rows=rows, anchored=anchored)


def _of_record(data: Path, heads: Mapping[int, str], public: str) -> "Verified":
    from plantsafe.journal.chain import verify_record
    from plantsafe.journal.kept_seals import kept_seals
    from plantsafe.journal.seal import heads_of
    from plantsafe.store.record import RecordReader

    inside = kept_seals(data)
    own = heads_of(seal for seal in inside if public in ("", seal.key))
    with RecordReader(data) as reader:
        found = verify_record(reader, heads or own)
        if heads and found.bad_row is None and own:
            again = verify_record(reader, own)
            found = again if again.bad_row is not None else found
    if inside:
        typer.echo(f"{len(inside)} seals in the folder itself, the newest of row {inside[-1].seq}")
    return found


def _of_exports(paths: list[Path], heads: Mapping[int, str], public: str, *, whole: bool) -> "Verified":
    """Several files are one journal: each must follow the one before. whole: nothing comes after the last."""
    from plantsafe.journal.export import ExportReader, verify_export

    found, first, rows, anchored = None, 0, 0, 0
    for path in paths:
        before = found
        until = ExportReader(path).begin.until
        until = until or (0 if whole and path is paths[-1] else _last_of(path))
        known = {seq: text for seq, text in heads.items() if not until or seq <= until}
        found, begin = verify_export(path, known, public=public)
        if before is not None and (begin.after, begin.previous) != (before.last, before.head):
            raise DamagedFileError(
                f"{path} follows row {begin.after} ({begin.previous[:12]}), but the file before it ends with row "
                f"{before.last} ({before.head[:12]})",
                mend="give all files of the journal, in their order",
            )
        if found.bad_row is not None:
            return found
        if before is None:
            first = found.first
            if begin.after:
                typer.echo(f"{path} begins after row {begin.after}; what was before is in another file")
        rows, anchored = rows + found.rows, max(anchored, found.anchored)
    assert found is not None  # noqa: S101  # there is at least one file
    if whole and found.bad_row is None and (later := [seq for seq in heads if seq > found.last]):
        typer.echo(f"an archive up to row {found.last}; rows up to {max(later)} were known outside: they are elsewhere")
    from dataclasses import replace

    return replace(found, first=first, rows=rows, anchored=anchored)


def _last_of(path: Path) -> int:
    from plantsafe.journal.export import ExportReader

    last = 0
    for row in ExportReader(path).rows():
        last = row[0] if isinstance(row[0], int) else last
    return last


def _say(found: "Verified", *, outside: bool) -> None:
    if found.bad_row is not None:
        raise DamagedFileError(
            f"the journal holds up to row {found.last}; row {found.bad_row} is bad: {found.reason}",
            mend="keep the file as it is, and compare it with the last copy that verified",
        )
    typer.echo(f"{found.rows} events verified; head {found.head}")
    if found.first > 1:
        typer.echo(f"the first {found.first - 1} events are in archives")
    if not outside:
        typer.echo("no head from outside was given: a chain that was written anew as a whole, or cut, shows no break")
    elif found.not_anchored:
        typer.echo(
            f"rows {max(found.anchored + 1, found.first)} to {found.last} are newer than the last head from outside: "
            "not yet anchored, whether they were changed cannot be told"
        )
    else:
        typer.echo("every event is anchored by a head from outside")
