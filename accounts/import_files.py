"""What stands in a file to be imported, or in a data folder of Antigravity Tools; it is not yet checked."""

import json
import sys
from pathlib import Path
from typing import Any

Positioned = tuple[str, Any]
"""Where an entry stands, as a person would look for it, and the entry as it was parsed."""


class BadImport(Exception):
    """Nothing was written. ``faults`` name each bad entry with its position and the reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parsed(source: str) -> Any:
    """The JSON of a file, or of standard input for ``-``. Raises BadImport."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8-sig")
        content = json.loads(text)
        json.dumps(content, ensure_ascii=False).encode()  # half a character is no text
        return content
    except OSError as error:
        raise BadImport([f"{source}: {error.strerror or 'cannot be read'}"]) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise BadImport([f"{source}: no JSON at {place}: {error.msg}"]) from None
    except ValueError:
        raise BadImport([f"{source}: no UTF-8 text"]) from None


def entries(content: Any) -> list[Positioned]:
    """The entries of a list, with their positions. Raises BadImport."""
    if not isinstance(content, list):
        raise BadImport(["the file must hold a JSON list"])
    return [(f"entry {number}", entry) for number, entry in enumerate(content, 1)]


def antigravity_folder(folder: Path) -> list[Positioned]:
    """The refresh tokens in a data folder of Antigravity Tools: ``accounts.json`` and ``accounts/*.json``.

    The index says which accounts there are, and each has a file of its own under its id, with ``email``
    and ``token.refresh_token``. Without an index every file counts.
    """
    index = folder / "accounts.json"
    if index.exists():
        content = parsed(str(index))
        listed = content.get("accounts") if isinstance(content, dict) else None
        if not isinstance(listed, list):
            raise BadImport([f'{index.name}: there is no list "accounts" in it'])
        names = [str(entry.get("id", "")) if isinstance(entry, dict) else "" for entry in listed]
        files = [folder / "accounts" / f"{Path(name).name}.json" for name in names]
    else:
        files = sorted((folder / "accounts").glob("*.json"))
        if not files:
            raise BadImport([f"{folder}: there is neither accounts.json nor accounts/*.json"])
    return [(f"accounts/{file.name}", _antigravity_account(file)) for file in files]


def _antigravity_account(file: Path) -> dict[str, Any]:
    content = parsed(str(file))
    token = content.get("token") if isinstance(content, dict) else None
    if not isinstance(token, dict):
        raise BadImport([f'accounts/{file.name}: there is no "token" in it'])
    return {
        "email": content.get("email") or token.get("email"),
        "refresh_token": token.get("refresh_token"),
        "project": token.get("project_id") or "",
    }
