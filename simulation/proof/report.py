"""A proof as text, as JSON and as one HTML file in both languages."""

import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from typing import Any

from plantsafe.language import said_by
from plantsafe.plant.model import Waiver
from simulation.proof.demonstration import Demonstration, Standing
from simulation.proof.proof import Claim, Proof
from simulation.trial.model_card import fingerprint, load_cards
from simulation.trial.summary import in_words
from simulation.trial.told import Told

TIMES = ("loss", "trip", "no_return", "available", "response", "required", "margin")


def says(table: str, key: str, **words: Any) -> Told:
    """A text of the table beside this module."""
    return Told(*(said_by("simulation.proof", table, key, language, words) for language in ("en", "zh")))


def why_of(claim: Claim) -> Told | None:
    """What is wrong with a claim, in words."""
    return None if claim.why is None else says("why", claim.why.value, missing=", ".join(claim.missing))


def waiver_of(claim: Claim) -> Told | None:
    """Its waiver in words, also one that has ended."""

    def words(key: str, waiver: Waiver) -> Told:
        return says("waiver", key, until=waiver.until, by=waiver.approved_by, reason=waiver.reason)

    if claim.waiver is not None:
        return words("now", claim.waiver)
    return None if claim.expired is None else words("expired", claim.expired)


def times_of(one: Demonstration | None) -> dict[str, float | None]:
    """The times of the table's columns, in seconds."""
    if one is None:
        return dict.fromkeys(TIMES)
    return {
        "loss": one.lost_s,
        "trip": one.trip_s,
        "no_return": one.no_return_s,
        "available": one.available_s,
        "response": one.response_s,
        "required": one.required_s,
        "margin": one.margin_s,
    }


def summary(proof: Proof) -> Told:
    """How many of how many are proved."""
    return says(
        "report",
        "summary",
        proved=_proved(proof.functions),
        count=len(proof.functions),
        rows=_proved(proof.rows),
        row_count=len(proof.rows),
    )


def as_text(proof: Proof, language: str) -> Iterator[str]:
    """Lines for a terminal."""

    def say(text: Told) -> str:
        return text.zh if language == "zh" else text.en

    for key, claims in (("functions", proof.functions), ("rows", proof.rows)):
        yield say(says("report", key))
        for claim in claims:
            scenario = "–" if claim.worst is None else claim.worst.scenario
            yield f"  {say(_standing(claim)).upper():17s} {claim.name:10s} {scenario}"
            found = [(name, s) for name, s in times_of(claim.worst).items() if s is not None]
            if found and key == "functions":
                yield "      " + "; ".join(f"{say(says('column', name))} {say(in_words(s))}" for name, s in found)
            yield from (f"      {say(text)}" for text in (why_of(claim), waiver_of(claim)) if text is not None)
    if proof.misfits:
        yield say(says("report", "misfits", names=", ".join(proof.misfits)))
    yield say(summary(proof))
    yield say(_traced(proof))
    yield say(says("report", "statement"))


def as_json(proof: Proof) -> str:
    """All claims with their demonstrations, as JSON text."""
    document = {
        "statement": _both(says("report", "statement")),
        "holds": proof.holds,
        "plant": proof.plant,
        "day": proof.day.isoformat(),
        "models": {"version": load_cards()[0], "fingerprint": fingerprint()},
        "functions": [_entry(claim) for claim in proof.functions],
        "rows": [_entry(claim) for claim in proof.rows],
        "misfits": list(proof.misfits),
        "cpu_s": round(proof.cpu_s, 3),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def as_html(proof: Proof) -> str:
    """One file with everything in it."""
    style = resources.files("simulation.trial").joinpath("report.css").read_text(encoding="utf-8")
    misfits = f"<p class=quiet>{_html(says('report', 'misfits', names=', '.join(proof.misfits)))}</p>"
    badge = says("standing", "proved" if proof.holds else "red")
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>plantsafe: {escape(says('report', 'title').en)}</title><style>{style}</style></head><body>"
        '<input type="radio" name="language" id="en" checked><input type="radio" name="language" id="zh">'
        "<main><header><nav><label for=en>English</label><label for=zh>中文</label></nav>"
        f"<h1>{_html(says('report', 'title'))}</h1>"
        f"<p class=big><b class={'pass' if proof.holds else 'fail'}>{_html(badge)}</b> {_html(summary(proof))}</p>"
        f"<p class=statement>{_html(says('report', 'statement'))}</p>"
        f"<p class=quiet>{_html(says('report', 'terms'))}</p><p class=quiet>{_html(_traced(proof))}</p>"
        f"{misfits if proof.misfits else ''}</header>"
        f"{_table('function', 'functions', proof.functions)}{_table('row', 'rows', proof.rows)}</main></body></html>\n"
    )


def _table(first: str, title: str, claims: Sequence[Claim]) -> str:
    head = "".join(f"<th class=num>{_html(says('column', key))}</th>" for key in TIMES)
    return (
        f"<section><h2>{_html(says('report', title))}</h2><table><thead><tr><th></th>"
        f"<th>{_html(says('column', first))}</th><th>{_html(says('column', 'scenario'))}</th>{head}</tr></thead>"
        f"<tbody>{''.join(_row(claim) for claim in claims)}</tbody></table></section>"
    )


def _row(claim: Claim) -> str:
    told = [text for text in (why_of(claim), waiver_of(claim)) if text is not None]
    below = "".join(f"<div class=quiet>{_html(text)}</div>" for text in told)
    scenario = "–" if claim.worst is None else f"<code>{escape(claim.worst.scenario)}</code>"
    if claim.others:
        scenario += f" <span class=quiet>{_html(says('report', 'others', count=claim.others))}</span>"
    cells = "".join(f"<td class=num>{_html(in_words(s))}</td>" for s in times_of(claim.worst).values())
    badge = f"<b class={'pass' if claim.holds else 'fail'}>{_html(_standing(claim))}</b>"
    title = Told(claim.title["en"], claim.title["zh"])
    return (
        f"<tr{'' if claim.holds else ' class=no'}><td>{badge}</td>"
        f"<td><strong>{escape(claim.name)}</strong> {_html(title)}{below}</td><td>{scenario}</td>{cells}</tr>"
    )


def _standing(claim: Claim) -> Told:
    waived = claim.standing is not Standing.PROVED and claim.waiver is not None
    return says("standing", "waived" if waived else claim.standing.value)


def _traced(proof: Proof) -> Told:
    return says(
        "report",
        "traced",
        hash=proof.plant[:12],
        version=load_cards()[0],
        fingerprint=fingerprint(),
        day=proof.day.isoformat(),
        cpu=proof.cpu_s,
    )


def _proved(claims: Sequence[Claim]) -> int:
    return sum(claim.standing is Standing.PROVED for claim in claims)


def _entry(claim: Claim) -> dict[str, Any]:
    why, waiver, worst = why_of(claim), waiver_of(claim), claim.worst
    return {
        "name": claim.name,
        "title": dict(claim.title),
        "function": claim.function,
        "standing": claim.standing.value,
        "holds": claim.holds,
        "why": None if why is None else {"code": claim.why, **_both(why)},
        "waiver": None if waiver is None else _both(waiver),
        "scenario": None if worst is None else worst.scenario,
        "other_scenarios": claim.others,
        "times_s": times_of(worst),
        "resolution_s": None if worst is None else worst.resolution_s,
        "effects": {} if worst is None else dict(worst.effects),
        "missing": list(claim.missing),
    }


def _both(text: Told) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _html(text: Told) -> str:
    if text.en == text.zh:
        return escape(text.en)
    return f'<span class="en">{escape(text.en)}</span><span class="zh" lang="zh">{escape(text.zh)}</span>'
