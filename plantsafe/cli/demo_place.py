"""Where the running demo is: a small file that `plantsafe fault` finds it by."""

import json
import os
import tempfile
from pathlib import Path

from plantsafe.errors import PlantsafeError


def _pointer() -> Path:
    return Path(tempfile.gettempdir()) / f"plantsafe-demo-{os.getuid()}.json"


def say_where(control: Path, data: Path) -> None:
    """Note the control channel and data folder of the demo that is running."""
    text = json.dumps({"control": str(control), "data": str(data)})
    _pointer().write_text(text, encoding="utf-8")
    (data / "demo.json").write_text(text, encoding="utf-8")


def forget(data: Path) -> None:
    """The demo has ended."""
    for path in (data / "demo.json", _pointer()):
        if path.is_file() and json.loads(path.read_text(encoding="utf-8"))["data"] == str(data):
            path.unlink()


def control_of(data: Path | None) -> Path:
    """The control channel of the demo in `data`, or of the one that runs."""
    path = data / "demo.json" if data is not None else _pointer()
    try:
        return Path(json.loads(path.read_text(encoding="utf-8"))["control"])
    except (OSError, ValueError, KeyError) as error:
        raise PlantsafeError(
            "no demo is running here", mend="start one with `plantsafe demo`, or give its --data"
        ) from error
