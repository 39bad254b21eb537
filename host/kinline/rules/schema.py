"""The JSON schema of a profile's file, for editors and for `rules check`; made from the model, so that they never differ."""

from typing import Any

from kinline.rules.profile import PROFILE

EXTENDS = "extends"


def profile_schema() -> dict[str, Any]:
    """The schema of one TOML file read as JSON, dates as text. A file that extends another may leave rules out."""
    whole = _tidied(PROFILE.json_schema())
    properties = whole["properties"]
    # A profile's name is its file's name.
    del properties["name"]
    needed = [key for key in whole["required"] if key != "name"]
    own = [key for key in needed if key in ("title", "version")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Kinline calling rules",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            EXTENDS: {
                "type": "string",
                "pattern": "^[a-z0-9-]+$",
                "description": "The profile whose rules hold where this file has none; a rule is replaced whole.",
            },
            **properties,
        },
        "required": own,
        "if": {"not": {"required": [EXTENDS]}},
        "then": {"required": needed},
        "$defs": whole["$defs"],
    }


def _tidied(node: Any) -> Any:
    """Without the titles that only repeat the key, and without null, which TOML does not have."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: value for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if node.get("default", 0) is None:
        del node["default"]
    choices = node.get("anyOf")
    if choices and {"type": "null"} in choices:
        [only] = [choice for choice in choices if choice != {"type": "null"}]
        node = {key: value for key, value in node.items() if key != "anyOf"} | only
    return {key: _tidied(value) for key, value in node.items()}
