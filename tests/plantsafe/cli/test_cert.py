"""Certificates at the command line: made once, shown, and servers let in or turned away without editing folders."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.opcua.certificates import fingerprint, load, own_identity
from connectors.opcua.trust_list import TrustList
from plantsafe.cli import app
from plantsafe.errors import SourceError


def cert(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["cert", *words, "--certificates", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def server_certificate(folder: Path) -> tuple[bytes, str]:
    """Bytes and fingerprint of a certificate that a server might show."""
    file = own_identity(folder, "urn:server").certificate
    return file.read_bytes(), fingerprint(load(file))


def test_own_certificate_is_made_shown_and_renewed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no certificate of our own"):
        cert(tmp_path, "show")
    made = cert(tmp_path, "make")
    print_ = fingerprint(load(tmp_path / "own" / "certificate.der"))
    assert f"SHA-256      {print_}" in made
    assert "application  urn:plantsafe:client" in made
    assert cert(tmp_path, "show") == made
    with pytest.raises(SourceError, match="is there already, until"):
        cert(tmp_path, "make")
    renewed = cert(tmp_path, "make", "--renew")
    assert print_ not in renewed
    (aside,) = tmp_path.glob("own-*")
    assert fingerprint(load(aside / "certificate.der")) == print_
    assert (aside / "key.pem").is_file()


def test_server_is_let_in_and_turned_away_by_its_fingerprint(tmp_path: Path) -> None:
    der, print_ = server_certificate(tmp_path / "server")
    ours = tmp_path / "ours"
    own_identity(ours)
    assert "no server has shown a certificate yet" in cert(ours, "list")
    with pytest.raises(SourceError, match="nobody has trusted yet") as refused:
        TrustList(ours).check(der, "opc.tcp://x", "urn:server")
    assert "plantsafe cert trust" in refused.value.mend
    assert f"SHA-256 {print_}" in (listed := cert(ours, "list"))
    assert listed.startswith("rejected ")
    assert print_ in cert(ours, "trust", print_[:23].lower())
    TrustList(ours).check(der, "opc.tcp://x", "urn:server")
    assert cert(ours, "list").startswith("trusted ")
    cert(ours, "reject", next((ours / "trusted").iterdir()).name)
    with pytest.raises(SourceError, match="nobody has trusted yet"):
        TrustList(ours).check(der, "opc.tcp://x", "urn:server")


@pytest.mark.parametrize("which", ["", "AB", "00000000", "other.der"])
def test_certificate_that_is_not_there_is_not_trusted(tmp_path: Path, which: str) -> None:
    der, _ = server_certificate(tmp_path / "server")
    with pytest.raises(SourceError):
        TrustList(tmp_path).check(der, "opc.tcp://x", None)
    with pytest.raises(SourceError, match="is no certificate of"):
        cert(tmp_path, "trust", which)
    assert len(list((tmp_path / "rejected").iterdir())) == 1
