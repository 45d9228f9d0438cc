"""What a client may call a model. PURE."""

from relay.neutral.failures import BadRequest

LONGEST_NAME = 200
"""Characters. The longest names in use, full paths of Vertex AI's own models, have about 120."""


def checked_name(name: object) -> str:
    """The name, if it can be one; raises BadRequest with what is wrong."""
    if not isinstance(name, str) or not name:
        raise BadRequest("model: must be the name of a model.")
    if len(name) > LONGEST_NAME:
        raise BadRequest(f"The model's name is longer than {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise BadRequest(
            "The model's name holds characters that no name has (line breaks or other controls)."
        )
    return name
