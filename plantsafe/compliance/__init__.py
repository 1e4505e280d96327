"""Rules as data, figures from the record, and their pages: what a regulator may hold against the record."""

from plantsafe.compliance.export import render_csv, render_json
from plantsafe.compliance.figure import Figure, Outcome
from plantsafe.compliance.pages import head_for_page, rows_for_page
from plantsafe.compliance.render_pdf import render_pdf
from plantsafe.compliance.rules import Rule, rules
from plantsafe.compliance.summary import Summary, summarise

__all__ = [
    "Figure",
    "Outcome",
    "Rule",
    "Summary",
    "head_for_page",
    "render_csv",
    "render_json",
    "render_pdf",
    "rows_for_page",
    "rules",
    "summarise",
]
