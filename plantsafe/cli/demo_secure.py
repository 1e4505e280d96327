"""The demo with a secured link: the plant file asks for it, and a person lets the simulated server in."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from connectors.opcua.certificates import fingerprint, load
from plantsafe.plant import Plant, load_plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant

SIMULATED = "simulated"  # folder of the simulated servers' own certificates
PASSWORD_ENV = "PLANTSAFE_DEMO_DCS_PASSWORD"  # noqa: S105  a name, not a password
USER = "plantsafe"


def secured(plant_file: Path, data: Path) -> Path:
    """The same plant, its OPC UA sources with Basic256Sha256 and a login; the password is made for this run alone."""
    os.environ.setdefault(PASSWORD_ENV, secrets.token_urlsafe(16))
    document = json.loads(load_plant(plant_file).document())
    for source in document["sources"]:
        if source["protocol"] == "opcua" and source.get("security", "None") == "None":
            source |= {
                "security": "Basic256Sha256",
                "certificates": str(data / "certificates"),
                "credentials": {"user": USER, "password_env": PASSWORD_ENV},
            }
    path = data / "secured.yaml"
    path.write_text(compile_plant(PlantFile.model_validate(document)).document(), encoding="utf-8")
    return path


def to_trust(plant: Plant, simulated: Path) -> Iterator[str]:
    """What a person has to do before a secured source is read, a source each."""
    for entry in plant.file.sources:
        own = simulated / entry.name / "own" / "certificate.der"
        if entry.security != "None" and own.is_file():
            print_ = fingerprint(load(own))
            yield f"{entry.name} is secured; its own certificate has SHA-256 {print_}"
            yield "  it is read once you let it in:"
            yield f"  plantsafe cert trust {print_.replace(':', '')[:16]} --certificates {entry.certificates}"
