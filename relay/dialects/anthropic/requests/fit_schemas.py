"""The schemas of a client's own tools, as Anthropic's validator takes them. PURE.

It wants JSON Schema 2020-12 with an object at the root, and refuses the whole request otherwise.
"""

from typing import Any

from relay.dialects.schemas.fitting import VendorRules, fit_schema
from relay.dialects.schemas.words import described
from relay.neutral.conversation import Json

_TAKEN = VendorRules(tuples="prefixItems", patterns="any", has_members=False)
PORTABLE = VendorRules(tuples="prefixItems", patterns="portable", has_members=False)
"""For servers that speak this dialect and compile patterns with an engine of their own."""


def fit_schemas(body: Json, changes: list[str], taken: VendorRules = _TAKEN) -> Json:
    """``body``, the schemas of its tools fitted; the very same object where they fit."""
    tools = body.get("tools")
    if not isinstance(tools, list):
        return body
    fitted = [fit_tool(tool, changes, taken) for tool in tools]
    if all(new is old for new, old in zip(fitted, tools, strict=True)):
        return body
    return {**body, "tools": fitted}


def fit_tool(tool: Any, changes: list[str], taken: VendorRules = _TAKEN) -> Any:
    """A tool with its schema fitted; one of Anthropic's own has none."""
    schema = tool.get("input_schema") if isinstance(tool, dict) else None
    if not isinstance(schema, dict):
        return tool
    fitted = fit_schema(schema, taken)
    changes += [f"schema of {tool.get('name', '')}: {what}" for what in fitted.changes]
    if fitted.said:
        tool = {**tool, "description": described(tool.get("description"), fitted.said)}
    return tool if fitted.schema is schema else {**tool, "input_schema": fitted.schema}
