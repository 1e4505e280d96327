"""Signed heads: when they are made, where they go, what keeps them honest."""

import http.server
import json
import socket
import socketserver
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sealed_record import BEGIN_NS, SECOND_NS, tamper

from plantsafe.errors import DamagedFileError, StoreError
from plantsafe.frame import Frame
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.journal.dispatch import Dispatch
from plantsafe.journal.kept_seals import kept_seals
from plantsafe.journal.key import public_of, seal_key
from plantsafe.journal.seal import Seal, heads_of, read_seals, seal_of
from plantsafe.journal.seal_places import NotDeliveredError, deliver
from plantsafe.journal.sealer import Sealer
from plantsafe.plant import Plant
from plantsafe.plant.model import SealPlace
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.store.seals import SEALS, SealReader, SealWriter, outside_since_ns
from plantsafe.verdict import Fact


class Plantsite:
    """A record that grows scan by scan, and a sealer that looks at it when told."""

    def __init__(self, folder: Path, plant: Plant) -> None:
        self.folder, self.plant = folder, plant
        self.writer = RecordWriter(folder)
        self.writer.add_plant(plant.hash, plant.document())
        self.seq, self.head = 0, GENESIS
        self.key = seal_key(folder / "keys" / "journal.key")
        self.scan(1)
        self.seals = SealWriter(folder)
        self.open()

    def open(self) -> None:
        self.record, self.kept = RecordReader(self.folder), SealReader(self.folder)
        self.sealer = Sealer(self.record, self.seals, self.kept, self.key, lambda: 7)

    def scan(self, number: int, *facts: Fact) -> None:
        n, sources = self.plant.n_points, self.plant.n_sources
        zeros = np.zeros(sources, dtype=np.int64)
        frame = Frame(
            number=number, plant=self.plant.hash, time_ns=BEGIN_NS + number * SECOND_NS, value=np.zeros(n),
            status=np.zeros(n, dtype=np.uint32), source_time_ns=np.zeros(n, dtype=np.int64), received=zeros,
            origin=np.zeros(sources, dtype=np.uint8), resolution_ns=zeros,
        )  # fmt: skip
        some = facts or (Fact(kind="note", subject=f"s{number}"),)
        rows = chained(some, scan=number, time_ns=frame.time_ns, seq=self.seq, previous=self.head)
        self.seq, self.head = rows[-1].seq, rows[-1].hash
        self.writer.write_scan(frame, rows, [], {}, None)

    def why(self) -> str:
        """Look, and say why a seal was made, or nothing."""
        seal = self.sealer.step()
        return seal.why if seal is not None else ""

    def close(self) -> None:
        for part in (self.writer, self.seals, self.record, self.kept):
            part.close()


@pytest.fixture
def site(tmp_path: Path, plant: Plant) -> Iterator[Plantsite]:
    made = Plantsite(tmp_path, plant)
    yield made
    made.close()


def test_a_head_is_sealed_at_the_start_every_ten_minutes_and_at_priority_1(site: Plantsite) -> None:
    assert site.why() == "start"
    assert site.why() == ""
    site.scan(2, Fact(kind="alarm_raised", subject="T.H", body={"priority": 2}))
    assert site.why() == ""
    site.scan(3, Fact(kind="alarm_raised", subject="T.HH", body={"priority": 1}))
    assert site.why() == "priority_1"
    assert site.why() == ""
    site.scan(602)
    assert site.why() == ""
    site.scan(603)
    assert site.why() == "interval"
    seals = kept_seals(site.folder)
    assert [seal.number for seal in seals] == [1, 2, 3]
    assert [(seal.seq, seal.scan) for seal in seals] == [(1, 1), (3, 3), (5, 603)]
    assert seals[-1].head == site.head
    assert seals[-1].site == "small"


def test_seals_go_on_as_a_chain_after_a_restart(site: Plantsite) -> None:
    site.why()
    site.scan(2)
    site.open()
    assert site.why() == "start"
    assert [seal.number for seal in kept_seals(site.folder)] == [1, 2]
    site.scan(3)
    stopped = site.sealer.seal_now("stop")
    assert stopped is not None
    assert stopped.seq == 3
    assert site.sealer.seal_now("stop") is None


def test_a_journal_that_was_changed_since_the_last_seal_is_never_signed(site: Plantsite) -> None:
    site.why()
    for number in range(2, 9):
        site.scan(number)
    tamper(site.folder, "UPDATE events SET actor = 'nobody' WHERE seq = 5")
    site.scan(700)
    with pytest.raises(DamagedFileError, match="row 5 is bad"):
        site.why()
    assert len(kept_seals(site.folder)) == 1


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "journal.key"
    key = seal_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert seal_key(path).public == key.public == public_of(path.with_suffix(".pub"))
    path.chmod(0o640)
    with pytest.raises(StoreError, match="read by others"):
        seal_key(path)


@pytest.mark.parametrize("field", ["seq", "head", "scan", "scan_ns", "made_ns", "why", "site", "previous", "number"])
def test_a_seal_that_was_changed_does_not_hold(site: Plantsite, field: str) -> None:
    site.why()
    about = json.loads(kept_seals(site.folder)[0].document())
    about[field] = about[field] + 1 if isinstance(about[field], int) else about[field][:-1] + "x"
    with pytest.raises(DamagedFileError, match="signature"):
        seal_of(json.dumps(about), "seal.json")


def test_seals_of_another_key_do_not_count(site: Plantsite, tmp_path: Path) -> None:
    """Who writes the chain anew can sign it with a key of his own, not with the one taken down at the set-up."""
    site.why()
    forged = kept_seals(site.folder)[0].signed_by(seal_key(tmp_path / "other.key"))
    file = tmp_path / "forged.json"
    file.write_text(forged.document())
    assert heads_of(read_seals([file])) == {forged.seq: forged.head}
    with pytest.raises(DamagedFileError, match="another key"):
        read_seals([file], public=site.key.public)


def test_a_missing_seal_in_the_folder_is_noticed(site: Plantsite) -> None:
    for number in (2, 700, 1400):
        site.why()
        site.scan(number)
    import sqlite3

    with closing(sqlite3.connect(site.folder / SEALS)) as file:
        file.execute("DELETE FROM seals WHERE number = 1")
        file.commit()
    with pytest.raises(DamagedFileError, match="seal 1 is missing"):
        kept_seals(site.folder)


# places outside


def _until(what: str, answer: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := answer():
            return found
        time.sleep(0.02)
    raise AssertionError(what)


def _sealed(site: Plantsite) -> Seal:
    site.why()
    return kept_seals(site.folder)[-1]


def test_a_folder_gets_each_seal_as_a_file_and_a_missing_folder_is_never_made(site: Plantsite, tmp_path: Path) -> None:
    seal, there = _sealed(site), tmp_path / "share"
    with pytest.raises(NotDeliveredError, match="No such file"):
        deliver(SealPlace(name="county", folder=str(there)), [seal])
    assert not there.exists()
    there.mkdir()
    deliver(SealPlace(name="county", folder=str(there)), [seal])
    deliver(SealPlace(name="county", folder=str(there)), [seal])
    assert [file.name for file in there.iterdir()] == ["small-seal-00000001.json"]
    assert read_seals([there]) == [seal]


class _Web(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers["Authorization"], json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def web() -> Iterator[Any]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Web)
    server.daemon_threads = True
    server.got, server.status = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_server_gets_them_posted_with_its_token(
    site: Plantsite, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = SealPlace.model_validate(
        {"name": "group", "webhook": {"url": f"http://127.0.0.1:{web.server_address[1]}/x", "token_env": "SEAL_TOKEN"}}
    )
    seal = _sealed(site)
    with pytest.raises(NotDeliveredError, match="no SEAL_TOKEN"):
        deliver(place, [seal])
    monkeypatch.setenv("SEAL_TOKEN", "abc")
    deliver(place, [seal])
    token, body = web.got[0]
    assert token == "Bearer abc"
    assert seal_of(json.dumps(body["seals"][0]), "x") == seal
    web.status = 503
    with pytest.raises(NotDeliveredError, match="503"):
        deliver(place, [seal])


class _MailServer:
    """Takes one mail after the other, as RFC 5321 says."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as file:

                def say(text: str, file: Any = file) -> None:
                    file.write(f"{text}\r\n".encode())
                    file.flush()

                say("220 here")
                while line := file.readline():
                    word = line[:4].upper()
                    if word == b"DATA":
                        say("354 go on")
                        lines = []
                        while (text := file.readline()) != b".\r\n":
                            lines.append(text.decode())
                        self.mails.append("".join(lines))
                        say("250 taken")
                    elif word == b"QUIT":
                        say("221 bye")
                        break
                    else:
                        say("250 fine")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def mail() -> Iterator[_MailServer]:
    server = _MailServer()
    yield server
    server.close()


def test_a_mail_has_the_seals_attached_and_says_what_to_do_with_them(site: Plantsite, mail: _MailServer) -> None:
    place = SealPlace.model_validate(
        {
            "name": "office",
            "mail": {
                "server": f"127.0.0.1:{mail.port}", "security": "none", "sender": "p@example.org",
                "to": ["a@example.org"],
            },
        }
    )  # fmt: skip
    seal = _sealed(site)
    deliver(place, [seal])
    import email
    import email.policy

    got = email.message_from_string(mail.mails[0], policy=email.policy.default)
    attached = next(iter(got.iter_attachments()))
    assert seal_of(attached.get_content().decode(), "mail") == seal  # type: ignore[attr-defined]
    assert "plantsafe small: seal 1" in str(got["Subject"])
    words = got.get_body(("plain",)).get_content()  # type: ignore[union-attr, attr-defined]
    assert seal.head in words
    assert "请保存本邮件" in words


def test_a_place_that_is_down_gets_everything_later_and_holds_up_no_other(
    tmp_path: Path, small_plant_of: Callable[..., Plant]
) -> None:
    """The share is not mounted at first; the lag counts from the first seal that it should have had."""
    share, near = tmp_path / "share", tmp_path / "near"
    near.mkdir()
    places = [{"name": "share", "folder": str(share)}, {"name": "near", "folder": str(near)}]
    site = Plantsite(tmp_path / "data", small_plant_of(seal_places=places))
    with closing(Dispatch(site.folder, site.seals)) as dispatch:
        site.why()
        dispatch.use(site.sealer.places)
        site.scan(601)
        assert site.why() == "interval"
        dispatch.wake()

        def standing() -> dict[str, tuple[int, bool]]:
            dispatch.take_reports(5)
            return {place.name: (place.delivered, bool(place.trouble)) for place in site.kept.places()}

        _until("the near place", lambda: standing() == {"near": (2, False), "share": (0, True)})
        assert outside_since_ns(site.folder) == BEGIN_NS + SECOND_NS
        share.mkdir()
        _until("the share", lambda: standing() == {"near": (2, False), "share": (2, False)})
        assert outside_since_ns(site.folder) == BEGIN_NS + 601 * SECOND_NS
        assert [seal.number for seal in read_seals([share])] == [1, 2]
    site.close()


def test_a_plant_file_without_places_has_nothing_to_wait_for(site: Plantsite) -> None:
    site.why()
    assert outside_since_ns(site.folder) is None
    assert site.sealer.places == ()
