"""The mistakes of a file for tools: JSON, and SARIF 2.1.0, which editors and code hosts show beside the line."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from plantsafe import __version__
from plantsafe.errors import Mistake


def as_json(mistakes: Sequence[Mistake], hints: Sequence[Mistake] = ()) -> str:
    """`{"mistakes": [{file, line, column, field, wrong, mend, rule}], "hints": [...]}`."""
    said = {"mistakes": [asdict(one) for one in mistakes], "hints": [asdict(one) for one in hints]}
    return json.dumps(said, ensure_ascii=False, indent=2)


def as_sarif(mistakes: Sequence[Mistake], hints: Sequence[Mistake] = ()) -> str:
    """One run of plantsafe, one result a mistake (an error) or a hint (a note)."""
    rules = sorted({one.rule for one in (*mistakes, *hints)})
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "plantsafe", "version": __version__, "rules": [{"id": rule} for rule in rules]}
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    *(_result(mistake, rules, "error") for mistake in mistakes),
                    *(_result(hint, rules, "note") for hint in hints),
                ],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _result(mistake: Mistake, rules: Sequence[str], level: str) -> dict[str, Any]:
    path = PurePath(mistake.file)
    return {
        "ruleId": mistake.rule,
        "ruleIndex": rules.index(mistake.rule),
        "level": level,
        "message": {"text": f"{mistake.field}: {mistake.wrong}. Mend: {mistake.mend}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else path.as_posix()},
                    "region": {"startLine": mistake.line, "startColumn": mistake.column},
                }
            }
        ],
    }
