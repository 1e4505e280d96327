"""The report that people read: one HTML file with everything in it, in English and in Chinese."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources

from simulation.faults import load_catalogue
from simulation.runner import Outcome
from simulation.trial.chart import picture
from simulation.trial.model_card import fingerprint, load_cards
from simulation.trial.summary import in_words
from simulation.trial.told import Told, told

_FAINT_SEEDS = 40  # more outcomes of one scenario are not drawn (site default)


def as_html(outcomes: Sequence[Outcome]) -> str:
    """All outcomes, a section a scenario; outcomes of several seeds share their scenario's section."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.name, []).append(outcome)
    style = resources.files("simulation.trial").joinpath("report.css").read_text(encoding="utf-8")
    green = sum(outcome.green for outcome in outcomes)
    sections = "".join(_section(group) for group in groups.values())
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>plantsafe: {escape(told('report', 'title').en)}</title><style>{style}</style></head><body>"
        '<input type="radio" name="language" id="en" checked><input type="radio" name="language" id="zh">'
        f"<main><header><nav><label for=en>English</label><label for=zh>中文</label></nav>"
        f"<h1>{_both(told('report', 'title'))}</h1>"
        f"<p class=big>{_badge(green == len(outcomes))} "
        f"{_both(told('report', 'summary', green=green, count=len(outcomes)))}</p>"
        f"<p class=statement>{_both(told('report', 'statement'))}</p>"
        f"<p class=quiet>{_both(_version())}</p></header>"
        f"{_overview(groups.values())}{sections}</main></body></html>\n"
    )


def _version() -> Told:
    return told("report", "version", version=load_cards()[0], fingerprint=fingerprint())


def _overview(groups: Iterable[Sequence[Outcome]]) -> str:
    keys = ("detection", "trip", "safe", "loss", "margin")
    head = "".join(f"<th class=num>{_both(told('time', key))}</th>" for key in keys)
    rows = []
    for group in groups:
        first, count = group[0], len(group)
        seeds = "" if count == 1 else f" <span class=quiet>{_both(told('report', 'seeds', count=count))}</span>"
        cells = "".join(f"<td class=num>{_both(text)}</td>" for text in _times(group))
        rows.append(
            f"<tr><td>{_badge(all(o.green for o in group))}</td>"
            f'<td><a href="#{escape(first.name)}">{_both(_title(first))}</a>{seeds}</td>{cells}</tr>'
        )
    return (
        f"<section><h2>{_both(told('report', 'all'))}</h2><table><thead><tr><th></th>"
        f"<th>{_both(told('report', 'scenario'))}</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def _times(group: Sequence[Outcome]) -> list[Told]:
    """Seconds since the first fault; over several seeds the worst: latest for what protects, earliest for the loss."""
    latest, earliest = [], []
    for key in ("detected", "tripped", "safe"):
        found = [getattr(o.moments, key) - o.moments.fault for o in group if getattr(o.moments, key) is not None]
        latest.append(max(found, default=None))
    lost = [o.moments.lost - o.moments.fault for o in group if o.moments.lost is not None]
    margins = [margin_s for o in group if (margin_s := o.moments.margin_s) is not None]
    earliest = [min(lost, default=None), min(margins, default=None)]
    return [in_words(seconds) for seconds in (*latest, *earliest)]


def _section(group: Sequence[Outcome]) -> str:
    reds = [outcome for outcome in group if not outcome.green]
    first = reds[0] if reds else group[0]
    others = [outcome for outcome in group if outcome is not first][:_FAINT_SEEDS]
    described = first.file.description
    text = f"<p>{_both(Told(described.en, described.zh))}</p>" if described is not None else ""
    return (
        f'<section id="{escape(first.name)}"><h2>{_badge(not reds)} {_both(_title(first))} '
        f"<code>{escape(first.name)}</code></h2>{text}<ul class=faults>{_faults(first)}</ul>"
        f"{picture([first, *others])}{_lines(group, first)}{_models(first)}{_traced(first)}</section>"
    )


def _title(outcome: Outcome) -> Told:
    return Told(outcome.file.title.en, outcome.file.title.zh)


def _faults(outcome: Outcome) -> str:
    catalogue, onset_s = load_catalogue(), outcome.moments.fault
    items = []
    for fault, (_, at_s) in zip(outcome.file.faults, outcome.protected.onset_s, strict=True):
        entry = catalogue[fault.name]
        at = in_words(at_s - onset_s)
        point = f" ({fault.point})" if fault.point else ""
        words = Told(f"{at.en}: {entry.title_en}{point}", f"{at.zh}：{entry.title_zh}{point}")
        items.append(f"<li>{_both(words)}</li>")
    return "".join(items)


def _lines(group: Sequence[Outcome], first: Outcome) -> str:
    rows = []
    for i, line in enumerate(first.lines):
        held = sum(outcome.lines[i].holds for outcome in group)
        seeds = "" if len(group) == 1 else f"<td class=num>{held}/{len(group)}</td>"
        rows.append(
            f"<tr{'' if held == len(group) else ' class=no'}><td class=mark>{'✓' if held == len(group) else '✗'}</td>"
            f"<td>{_both(line.what)}</td><td>{_both(line.found)}</td>{seeds}</tr>"
        )
    extra = "" if len(group) == 1 else f"<th class=num>{_both(told('report', 'seeds', count=len(group)))}</th>"
    return (
        f"<table><thead><tr><th></th><th>{_both(told('report', 'expected'))}</th>"
        f"<th>{_both(told('report', 'found'))}</th>{extra}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _models(outcome: Outcome) -> str:
    rows = "".join(
        f"<tr><td>{_both(card.title)}</td><td>{_both(card.model)}</td><td>{_both(card.valid)}</td></tr>"
        for card in outcome.cards
    )
    return (
        f"<table class=models><thead><tr><th></th><th>{_both(told('report', 'model'))}</th>"
        f"<th>{_both(told('report', 'validity'))}</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _traced(outcome: Outcome) -> str:
    """What the section rests on, so that anybody can run it again and compare."""
    run, drawn = outcome.protected, outcome.protected.drawn
    words = [
        told("report", "seed", seed=run.seed),
        told("report", "plant", hash=outcome.plant[:12]),
        _version(),
        told("report", "record", digest=run.digest[:16]),
    ]
    if drawn.noise != 1.0 or drawn.delay_s:
        words.append(
            told(
                "report",
                "varied",
                kinetics=drawn.kinetics,
                heat_transfer=drawn.heat_transfer,
                noise=drawn.noise,
                delay_s=drawn.delay_s,
            )
        )
    joined = Told("; ".join(word.en for word in words), "；".join(word.zh for word in words))
    return f"<p class=quiet>{_both(joined)}</p>"


def _badge(green: bool) -> str:
    word = told("report", "green" if green else "red")
    return f"<b class={'pass' if green else 'fail'}>{_both(word)}</b>"


def _both(text: Told) -> str:
    if text.en == text.zh:
        return escape(text.en)
    return f'<span class="en">{escape(text.en)}</span><span class="zh" lang="zh">{escape(text.zh)}</span>'
