"""models/: what was learnt to be normal, a pair of files a model: <hash>.json says what, <hash>.npz has the arrays.

The hash is that of the JSON's bytes, which hold the hash of the arrays: so a name stands for one model for ever. Arrays
are plain numbers; a file that holds anything else is refused, and so is one whose bytes are not those of its name.
"""

import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import DamagedFileError, StoreError

MODELS = "models"
FORMAT = 1
MOST_BYTES = 1 << 30  # of a file: a model of 100,000 points has a tenth of it (site default)
_MEND = "fit it once more, or bring it back from a backup"
_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model as it stands in its files. units, about: what its JSON says."""

    hash: str
    units: Mapping[str, Any]
    about: Mapping[str, Any]
    arrays: dict[str, NDArray[Any]]


def write_model(folder: Path, units: Mapping[str, Any], about: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """Write both files into `folder`/models; the JSON last, so that a model without it was never there."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **{name: np.ascontiguousarray(a) for name, a in arrays.items()})  # type: ignore[arg-type]  # arrays by name
    body = packed.getvalue()
    said = {"format": FORMAT, "arrays_sha256": _digest(body), "units": units, "about": about}
    text = json.dumps(said, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode()
    digest = _digest(text)
    place = folder / MODELS
    try:
        place.mkdir(exist_ok=True)
        for name, data in ((f"{digest}.npz", body), (f"{digest}.json", text)):
            part = place / f".{name}.part"
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(place / name)
    except OSError as error:
        raise StoreError(
            f"{place} cannot be written: {error}", mend="give a data folder that may be written"
        ) from error
    return digest


def read_model(folder: Path, digest: str) -> ModelFile:
    """The model of a hash, looked at byte for byte."""
    said = read_about(folder, digest)
    path = folder / MODELS / f"{digest}.npz"
    body = _bytes(path)
    if _digest(body) != said.get("arrays_sha256"):
        raise DamagedFileError(f"{path} is not what {path.with_suffix('.json').name} says", mend=_MEND)
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedFileError(f"{path} holds no plain arrays ({error})", mend=_MEND) from error
    wrong = [name for name, array in arrays.items() if array.dtype.kind not in "fiub" or array.dtype.hasobject]
    if wrong:
        raise DamagedFileError(f"{path}: {wrong[0]} is no array of numbers", mend=_MEND)
    return ModelFile(hash=digest, units=said["units"], about=said["about"], arrays=arrays)


def read_about(folder: Path, digest: str) -> dict[str, Any]:
    """The JSON of a model."""
    path = folder / MODELS / f"{digest}.json"
    if not _NAME.fullmatch(digest):
        raise StoreError(f"{digest!r} is no hash of a model", mend="see `plantsafe model show`")
    text = _bytes(path)
    if _digest(text) != digest:
        raise DamagedFileError(f"{path} is not the file of its name: bytes changed", mend=_MEND)
    try:
        said = json.loads(text)
        known = said["format"] == FORMAT and isinstance(said["units"], dict) and isinstance(said["about"], dict)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedFileError(f"{path} is no model of plantsafe", mend=_MEND) from error
    if not known:
        raise StoreError(f"{path} has another format than {FORMAT}", mend="read it with a newer plantsafe")
    return dict(said)


def models(folder: Path) -> list[str]:
    """Hashes of the models that are there, the oldest file first."""
    if not (folder / MODELS).is_dir():
        return []
    found = [path for path in (folder / MODELS).glob("*.json") if _NAME.fullmatch(path.stem)]
    return [path.stem for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))]


def whole_hash(folder: Path, begin: str) -> str:
    """The one model whose hash begins so."""
    found = [digest for digest in models(folder) if digest.startswith(begin.lower())] if begin else []
    if len(found) != 1:
        many = "several models begin" if found else "no model begins"
        known = ", ".join(digest[:12] for digest in models(folder)) or "none is there"
        raise StoreError(f"{many} with {begin!r} in {folder / MODELS}", mend=f"one of: {known}")
    return found[0]


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StoreError(f"{path} is far too large for a model", mend=_MEND)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"{path} is not there", mend=_MEND) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error}", mend=_MEND) from error


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
