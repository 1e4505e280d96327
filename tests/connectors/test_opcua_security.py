"""Policies, logins and certificates, against asyncua's server and against node-opcua's; no certificate unseen."""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from connectors.opcua import OpcUaSource
from connectors.opcua.certificates import WARN_DAYS, days_left, expiries, load, own_identity
from connectors.opcua.client import ReadOnlyClient
from connectors.opcua.map import NodeMap
from connectors.opcua.security import Security
from connectors.opcua.supervisor import connect
from connectors.opcua.trust_list import TrustList
from plantsafe.errors import SourceError
from plantsafe.plant import Plant
from plantsafe.source import Columns
from simulation.servers.standard_space import QuickServer

ReadUntil = Callable[..., Awaitable[Columns]]
SERVER_URI = "urn:test:server"
SECURE = [("Basic256Sha256", "Sign"), ("Basic256Sha256", "SignAndEncrypt"), ("Aes256Sha256RsaPss", "Sign"),
          ("Aes256Sha256RsaPss", "SignAndEncrypt")]  # fmt: skip


def certificate(
    name: str,
    *,
    uri: str = SERVER_URI,
    issuer: tuple[x509.Certificate, rsa.RSAPrivateKey] | None = None,
    authority: bool = False,
    days: tuple[float, float] = (-1, 300),
) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return made, key


def der(made: x509.Certificate) -> bytes:
    return made.public_bytes(serialization.Encoding.DER)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def server_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    made, key = certificate("control system")
    (folder / "server.der").write_bytes(der(made))
    (folder / "server.pem").write_bytes(pem(key))
    made, key = certificate("mon", uri="urn:test:person")
    (folder / "person.der").write_bytes(der(made))
    (folder / "person.pem").write_bytes(pem(key))
    return folder


class Doorman(UserManager):
    """Lets in mon with the password pw, and whoever shows the person's certificate; counts the anonymous."""

    def __init__(self, person: bytes) -> None:
        self._person = person

    def get_user(
        self, iserver: object, username: str | None = None, password: str | None = None, certificate: object = None
    ) -> User | None:
        known = (username, password) == ("mon", "pw") or certificate == self._person
        return User(role=UserRole.User, name="mon") if known else None


@pytest.fixture
async def server(server_files: Path) -> AsyncIterator[Server]:
    doorman = Doorman((server_files / "person.der").read_bytes())
    server = Server(iserver=QuickServer(user_manager=doorman))
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/test")
    await server.set_application_uri(SERVER_URI)
    kinds = ua.SecurityPolicyType
    server.set_security_policy(
        [
            kinds.NoSecurity,
            kinds.Basic256Sha256_Sign,
            kinds.Basic256Sha256_SignAndEncrypt,
            kinds.Aes256Sha256RsaPss_Sign,
            kinds.Aes256Sha256RsaPss_SignAndEncrypt,
        ]
    )
    server.set_identity_tokens([ua.X509IdentityToken, ua.UserNameIdentityToken])
    await server.load_certificate(server_files / "server.der")
    await server.load_private_key(server_files / "server.pem")
    folder = await server.register_namespace("urn:plantsafe:simulation")
    await server.nodes.objects.add_variable(ua.NodeId("TI-1", folder), "TI-1", 61.5)
    await server.start()
    yield server
    await server.stop()
    await asyncio.sleep(0)  # transports close on the next turn of the loop


def url_of(server: Server) -> str:
    port = server.bserver._server.sockets[0].getsockname()[1]
    return f"opc.tcp://127.0.0.1:{port}/test"


ONE_NODE = NodeMap(rows=np.arange(1), names=("TI-1",), nodes=("s=TI-1",), namespaces=("urn:plantsafe:simulation",))


async def value_over(url: str, security: Security, nodes: NodeMap = ONE_NODE) -> float:
    link = await connect(url, nodes, security)
    try:
        return float((await link.read(10.0)).answers.value[0])
    finally:
        await link.close()


def trust_all(folder: Path) -> int:
    """What a person does after comparing fingerprints."""
    files = list((folder / "rejected").iterdir())
    for file in files:
        file.rename(folder / "trusted" / file.name)
    return len(files)


async def test_unknown_certificate_is_refused_and_kept_for_a_person(
    server: Server, server_files: Path, tmp_path: Path
) -> None:
    security = Security(policy="Basic256Sha256", folder=tmp_path, user="mon", password="pw")
    for _ in range(2):
        with pytest.raises(SourceError, match="nobody has trusted yet") as refused:
            await value_over(url_of(server), security)
    (kept,) = (tmp_path / "rejected").iterdir()
    assert f"plantsafe cert trust {kept.name}" in str(refused.value)
    assert kept.read_bytes() == (server_files / "server.der").read_bytes()
    kept.rename(tmp_path / "trusted" / kept.name)
    assert await value_over(url_of(server), security) == 61.5


@pytest.mark.parametrize(("policy", "mode"), SECURE)
async def test_each_policy_and_mode_with_name_and_password(
    server: Server, server_files: Path, tmp_path: Path, policy: str, mode: str
) -> None:
    own_identity(tmp_path)
    shutil.copy(server_files / "server.der", tmp_path / "trusted")
    security = Security(policy=policy, mode=mode, folder=tmp_path, user="mon", password="pw")
    assert await value_over(url_of(server), security) == 61.5


async def test_login_by_certificate(server: Server, server_files: Path, tmp_path: Path) -> None:
    own_identity(tmp_path)
    shutil.copy(server_files / "server.der", tmp_path / "trusted")
    person, key = server_files / "person.der", server_files / "person.pem"
    security = Security(policy="Basic256Sha256", folder=tmp_path, user_certificate=person, user_key=key)
    assert await value_over(url_of(server), security) == 61.5


async def test_wrong_password_and_no_login_are_the_servers_refusal(
    server: Server, server_files: Path, tmp_path: Path
) -> None:
    own_identity(tmp_path)
    shutil.copy(server_files / "server.der", tmp_path / "trusted")
    security = Security(policy="Basic256Sha256", folder=tmp_path, user="mon", password="no")
    for refused in (security, replace(security, user=None, password=None)):
        with pytest.raises(ua.UaStatusCodeError):
            await value_over(url_of(server), refused)


async def test_another_server_behind_the_same_address_is_refused(server: Server, tmp_path: Path) -> None:
    own_identity(tmp_path)
    other, _ = certificate("control system")
    (tmp_path / "trusted" / "server.der").write_bytes(der(other))
    with pytest.raises(SourceError, match="nobody has trusted yet"):
        await value_over(url_of(server), Security(policy="Basic256Sha256", folder=tmp_path, user="mon", password="pw"))


def test_login_without_security_is_refused() -> None:
    with pytest.raises(SourceError, match="would show its secret"):
        Security(user="mon", password="pw")
    with pytest.raises(SourceError, match="needs a folder"):
        Security(policy="Basic256Sha256")
    assert "pw" not in repr(Security(policy="Basic256Sha256", folder=Path("x"), user="mon", password="pw"))


async def test_password_in_a_url_is_not_used(tmp_path: Path) -> None:
    client = ReadOnlyClient("opc.tcp://mon:pw@127.0.0.1:1/test", 1.0)
    assert client._username is None


def test_own_certificate_is_made_once_for_its_application_uri(tmp_path: Path) -> None:
    identity = own_identity(tmp_path)
    again = own_identity(tmp_path)
    assert identity == again
    assert stat.S_IMODE(identity.key.stat().st_mode) == 0o600
    names = load(identity.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:plantsafe:client"]
    with pytest.raises(SourceError, match="not for urn:other"):
        own_identity(tmp_path, "urn:other")
    identity.key.unlink()
    with pytest.raises(SourceError, match="without its key"):
        own_identity(tmp_path)


def test_expiry_is_counted_in_days(tmp_path: Path) -> None:
    identity = own_identity(tmp_path)
    assert 1094 < days_left(identity.certificate) <= 1095
    ends, _ = certificate("old server", days=(-300, 29.5))
    (tmp_path / "trusted" / "old.der").write_bytes(der(ends))
    first, second = expiries(tmp_path)
    assert first.certificate.name == "old.der"
    assert first.soon
    assert 29 < first.days < WARN_DAYS
    assert not second.soon
    assert expiries(tmp_path, datetime.now(UTC) + timedelta(days=31))[0].days < 0


def test_certificate_that_has_ended_or_not_begun_is_refused_although_trusted(tmp_path: Path) -> None:
    for days in ((-10, -1), (1, 10)):
        made, _ = certificate("server", days=days)
        (tmp_path / "trusted").mkdir(exist_ok=True)
        (tmp_path / "trusted" / "server.der").write_bytes(der(made))
        with pytest.raises(SourceError, match="not now"):
            TrustList(tmp_path).check(der(made), "opc.tcp://x", SERVER_URI)


def test_authority_is_trusted_for_what_it_issued_until_it_revokes_it(tmp_path: Path) -> None:
    for name in ("trusted", "crl"):
        (tmp_path / name).mkdir()
    authority = certificate("plant authority", authority=True)
    made, _ = certificate("server", issuer=authority)
    impostor, _ = certificate("server", issuer=certificate("plant authority", authority=True))
    no_authority = certificate("other server")
    issued_by_server, _ = certificate("server", issuer=no_authority)
    (tmp_path / "trusted" / "ca.der").write_bytes(der(authority[0]))
    (tmp_path / "trusted" / "other.der").write_bytes(der(no_authority[0]))
    trust = TrustList(tmp_path)
    trust.check(der(made), "opc.tcp://x", SERVER_URI)
    with pytest.raises(SourceError, match="it is urn:test:else"):
        trust.check(der(made), "opc.tcp://x", "urn:test:else")
    for stranger in (impostor, issued_by_server):
        with pytest.raises(SourceError, match="nobody has trusted"):
            trust.check(der(stranger), "opc.tcp://x", SERVER_URI)
    now = datetime.now(UTC)
    revoked = x509.RevokedCertificateBuilder().serial_number(made.serial_number).revocation_date(now).build()
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority[0].subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .add_revoked_certificate(revoked)
        .sign(authority[1], hashes.SHA256())
    )
    (tmp_path / "crl" / "plant.crl").write_bytes(crl.public_bytes(serialization.Encoding.DER))
    with pytest.raises(SourceError, match="was revoked"):
        trust.check(der(made), "opc.tcp://x", SERVER_URI)


def test_bytes_that_are_no_certificate_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        TrustList(tmp_path).check(b"\x30\x82\x00\x01x", "opc.tcp://x", None)
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "note.der").write_text("not a certificate")
    made, _ = certificate("server")
    with pytest.raises(SourceError, match=r"note\.der is no certificate"):
        TrustList(tmp_path).check(der(made), "opc.tcp://x", None)


async def test_source_over_a_secure_channel_keeps_reading(
    plant: Plant, server: Server, server_files: Path, tmp_path: Path, read_until: ReadUntil
) -> None:
    own_identity(tmp_path / "pki")
    shutil.copy(server_files / "server.der", tmp_path / "pki" / "trusted")
    security = Security(policy="Aes256Sha256RsaPss", folder=tmp_path / "pki", user="mon", password="pw")
    source = OpcUaSource(plant, "DCS", url_of(server), security)
    await source.open()
    columns = await read_until(source, lambda columns: columns.answered)
    assert columns.value[0] == 61.5
    for _ in range(20):
        assert (await read_until(source, lambda columns: columns.answered)).value[0] == 61.5
    assert source.counts().reconnects == 0
    assert 299 < source.counts().certificate_days < 300
    await source.close()
