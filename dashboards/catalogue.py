"""`python -m dashboards.catalogue`: take new messages from the sources into the .po file, and compile the .mo file."""

import ast
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from dashboards.language import DOMAIN, LOCALE

PO = LOCALE / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
CALLS = frozenset({"tongue", "n_"})


def template() -> Catalog:
    """All messages of the sources: what `tongue(...)`, also inside f-strings, and `n_(...)` are called with."""
    catalogue = Catalog(project="plantsafe", fuzzy=False)
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in CALLS and node.args:
                message = node.args[0]
                if isinstance(message, ast.Constant) and isinstance(message.value, str) and message.value:
                    catalogue.add(message.value)
    return catalogue


def _name(function: ast.expr) -> str:
    """The last part of what is called: `tongue` of `visit.tongue`."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def written() -> Catalog:
    """The catalogue as it stands in the .po file."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh", domain=DOMAIN)


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of the .mo file."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> None:
    """Update both files; prints the messages that still wait for a translation."""
    catalogue = written() if PO.exists() else Catalog(locale="zh", domain=DOMAIN, project="plantsafe", fuzzy=False)
    catalogue.header_comment = "# Chinese texts of the pages; written by dashboards/catalogue.py, translated by hand."
    made = catalogue.creation_date
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.creation_date = made  # the same messages give the same file
    catalogue.obsolete.clear()
    with PO.open("wb") as file:
        write_po(file, catalogue, width=110, omit_header=False, no_location=True, sort_output=True)
    PO.with_suffix(".mo").write_bytes(compiled(written()))
    for message in catalogue:
        if message.id and not message.string:
            print(f"not translated: {message.id}")


if __name__ == "__main__":
    main()
