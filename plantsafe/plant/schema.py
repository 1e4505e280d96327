"""JSON Schema of the plant file, for editors: completion and marks while a person types; `check` says the rest."""

from typing import Any

from plantsafe.plant.assemble import SECTIONS
from plantsafe.plant.model import PlantFile

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MODELINE = "# yaml-language-server: $schema="


def plant_schema(*, part: bool = False) -> dict[str, Any]:
    """The schema of a main file, or of a `part` that a main file includes (nothing in it is required).

    Beside the model: lists may be tables or hold tables, and files may include files.
    """
    schema = PlantFile.model_json_schema(by_alias=True)
    properties = schema["properties"]
    definitions = schema["$defs"]
    definitions["Table"] = {
        "type": "object",
        "title": "Table",
        "description": "The rows of a CSV or Excel file, in the place of entries.",
        "properties": {"table": {"type": "string", "title": "Table"}, "sheet": {"type": "string", "title": "Sheet"}},
        "required": ["table"],
        "additionalProperties": False,
    }
    table = {"$ref": "#/$defs/Table"}
    for section in SECTIONS:
        holder = properties if len(section) == 1 else definitions["Registers"]["properties"]
        listed = holder[section[-1]]
        entries = {"type": "array", "items": {"anyOf": [listed["items"], table]}}
        rest = {key: value for key, value in listed.items() if key in ("title", "description", "default")}
        holder[section[-1]] = {"anyOf": [entries, table], **rest}
    properties["include"] = {
        "type": "array",
        "title": "Include",
        "description": "Files whose lists are added behind those of this file; paths from this file's folder.",
        "items": {"type": "string"},
    }
    sections = {section[0] for section in SECTIONS}
    required = [] if part else [key for key in schema["required"] if key not in sections]
    return {"$schema": DRAFT, **schema, "title": "plantsafe plant file", "required": required}
