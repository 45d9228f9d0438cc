"""Accounts and mappings from files: checked as a whole, then written as a whole or not at all.

What the file does not say about an account or mapping that is already there stays as it is, so the same
file twice changes nothing. No message here ever quotes a credential.
"""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from msgspec import Struct

from accounts.addresses import asked_at, origin
from accounts.credentials.by_kind import BadCredential, check_credential, split_credential
from accounts.credentials.encryption import CannotDecrypt
from accounts.import_files import BadImport, antigravity_folder, entries, parsed
from accounts.keys.conversation_limits import CONVERSATION_FIELDS
from accounts.kinds import NEEDS_OWN_OAUTH_CLIENT, Kind
from accounts.models import Account, ModelMapping, lock_accounts
from accounts.revisions import lock_rows
from accounts.validation import sends_in_clear

M = TypeVar("M", bound=Model)


class ImportResult(Struct):
    """What became of the entries; ``waiting`` are accounts kept disabled until somebody signs in."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    waiting: int = 0

    def __str__(self) -> str:
        text = f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged"
        return f"{text}; {self.waiting} kept disabled: {NEEDS_OWN_OAUTH_CLIENT}" if self.waiting else text


class AccountEntry(Struct, forbid_unknown_fields=True, kw_only=True):
    """One account in the file. None: the file does not say."""

    email: str
    kind: Kind
    credential: dict[str, Any]
    base_url: str | None = None
    plain_http: bool = False
    """Confirms a new base URL that begins with http:// and leaves this machine."""
    models: list[str] | None = None
    priority: int | None = None
    weight: int | None = None
    groups: list[str] | None = None
    max_in_flight: int | None = None
    enabled: bool | None = None
    project: str | None = None
    location: str | None = None


class MappingEntry(Struct, forbid_unknown_fields=True, kw_only=True):
    """One mapping in the file. None: the file does not say."""

    pattern: str
    target: str
    kinds: list[Kind] | None = None
    groups: list[str] | None = None
    fallbacks: list[str] | None = None
    fallback_on_quota: bool | None = None
    fallback_on_overload: bool | None = None
    fallback_on_context: bool | None = None
    priority: int | None = None
    continuation: bool | None = None
    tool_safe: bool | None = None
    role: Literal["", "main", "sub"] = ""
    conversation_turns_per_hour: int | None = None
    conversation_usd_per_hour: Decimal | None = None
    conversation_agents_per_hour: int | None = None


def import_accounts(source: str) -> ImportResult:
    """Imports a file, ``-`` (standard input) or a folder of Antigravity Tools. Raises BadImport."""
    path = Path(source)
    if source != "-" and path.is_dir():
        raw = antigravity_folder(path)
    else:
        content = parsed(source)
        if isinstance(content, dict) and "accounts" in content and path.name == "accounts.json":
            raw = antigravity_folder(path.parent)
        else:
            raw = entries(content)
    faults: list[str] = []
    accounts = [
        (position, account)
        for position, entry in raw
        if (account := _account(position, entry, faults)) is not None
    ]
    _find_doubles(((position, f"{e.kind} account {e.email}") for position, e in accounts), faults)
    result = ImportResult()
    with transaction.atomic():
        lock_accounts()
        for position, entry in accounts:
            _write_account(position, entry, result, faults)
        if faults:
            raise BadImport(faults)
    return result


def import_mappings(source: str) -> ImportResult:
    """Imports a file or ``-`` (standard input). Raises BadImport."""
    faults: list[str] = []
    mappings: list[tuple[str, MappingEntry]] = []
    for position, raw in entries(parsed(source)):
        try:
            mappings.append((position, msgspec.convert(raw, MappingEntry)))
        except msgspec.ValidationError as error:
            faults.append(f"{position}: {_in_words(error)}")
    named = ((position, f"pattern {one.pattern} {one.role}".strip()) for position, one in mappings)
    _find_doubles(named, faults)
    result = ImportResult()
    with transaction.atomic():
        lock_rows(ModelMapping.objects.all())
        for position, entry in mappings:
            row = _stored(ModelMapping, pattern=entry.pattern, role=entry.role)
            fields = {
                "target": entry.target,
                "kinds": entry.kinds,
                "groups": entry.groups,
                "fallbacks": entry.fallbacks,
                "fallback_on_quota": entry.fallback_on_quota,
                "fallback_on_overload": entry.fallback_on_overload,
                "fallback_on_context": entry.fallback_on_context,
                "priority": entry.priority,
                "continuation": entry.continuation,
                "tool_safe": entry.tool_safe,
                **{name: getattr(entry, name) for name in CONVERSATION_FIELDS},
            }
            _save(position, row, fields, result, faults)
        if faults:
            raise BadImport(faults)
    return result


def _account(position: str, raw: Any, faults: list[str]) -> AccountEntry | None:
    if isinstance(raw, dict) and "refresh_token" in raw and "kind" not in raw:
        raw = {
            "email": raw.get("email"),
            "kind": "code_assist",
            "credential": {"refresh_token": raw["refresh_token"]},
            "project": raw.get("project") or None,
        }
    try:
        entry = msgspec.convert(raw, AccountEntry)
        entry.email = entry.email.strip()
        secret, project, location = split_credential(entry.kind, entry.credential)
        entry.credential, entry.project = secret, entry.project or project or None
        entry.location = entry.location or location or None
        if not _lacks_client(entry):
            check_credential(entry.kind, secret)
    except msgspec.ValidationError as error:
        faults.append(f"{position}: {_in_words(error)}")
    except BadCredential as error:
        faults.append(f"{position}: credential: {error}")
    else:
        return entry
    return None


def _lacks_client(entry: AccountEntry) -> bool:
    """An OAuth refresh token that was made for somebody else's client."""
    token = entry.credential.get("refresh_token")
    return (
        entry.kind == "code_assist"
        and isinstance(token, str)
        and token != ""
        and not entry.credential.get("client_id")
        and not entry.credential.get("client_secret")
    )


def _find_doubles(positioned: Iterable[tuple[str, str]], faults: list[str]) -> None:
    first: dict[str, str] = {}
    for position, what in positioned:
        if what in first:
            faults.append(f"{position}: the {what} stands at {first[what]} already")
        first.setdefault(what, position)


def _stored(model: type[M], **named: str) -> M:
    """The row of that name, or a new one. PostgreSQL takes no text with NUL, also to compare."""
    has_nul = any("\0" in value for value in named.values())
    return (None if has_nul else model._default_manager.filter(**named).first()) or model(**named)


def _write_account(position: str, entry: AccountEntry, result: ImportResult, faults: list[str]) -> None:
    row = _stored(Account, kind=entry.kind, email=entry.email)
    stored = _stored_credential(row)
    if _lacks_client(entry):
        if stored.get("client_id"):
            result.unchanged += 1  # a token for somebody else's client does not replace a working sign-in
            return
        entry.enabled = False
        result.waiting += 1
    fields: dict[str, Any] = {
        "base_url": entry.base_url,
        "offered_models": entry.models,
        "priority": entry.priority,
        "weight": entry.weight,
        "groups": entry.groups,
        "max_in_flight": entry.max_in_flight,
        "project": entry.project,
        "location": entry.location,
        "enabled": entry.enabled,
    }
    if stored != entry.credential:
        row.credential = entry.credential
        fields["credential_sealed"] = row.credential_sealed
        refused_before = row.disabled_automatically or row.disabled_reason == NEEDS_OWN_OAUTH_CLIENT
        if entry.enabled is None and refused_before:
            fields["enabled"] = True
    if fields["enabled"] is not None:
        reason = NEEDS_OWN_OAUTH_CLIENT if _lacks_client(entry) else ""
        if fields["enabled"] != row.enabled or row._state.adding or reason:
            fields |= {"disabled_reason": reason, "disabled_automatically": False}
    if entry.base_url and not entry.plain_http and _is_newly_in_clear(row, entry.base_url):
        said = 'plain http outside this machine: confirm it with "plain_http": true'
        faults.append(f"{position}: base_url: {said}")
        return
    _save(position, row, fields, result, faults)


def _is_newly_in_clear(row: Account, base_url: str) -> bool:
    try:
        is_new = row._state.adding or asked_at(row.kind, row.base_url) != origin(base_url)
        return is_new and sends_in_clear(base_url)
    except ValueError:
        return False  # no address at all: the field's own check says so


def _stored_credential(row: Account) -> dict[str, Any]:
    try:
        return row.credential
    except CannotDecrypt:
        return {}


def _save(
    position: str,
    row: Account | ModelMapping,
    fields: dict[str, Any],
    result: ImportResult,
    faults: list[str],
) -> None:
    """Gives the row the fields that are not None, and saves it if that makes a difference."""
    adding = row._state.adding
    before = type(row).objects.filter(pk=row.pk).values(*fields).first() or {}
    told = {name: value for name, value in fields.items() if value is not None}
    if not adding and all(before[name] == value for name, value in told.items()):
        result.unchanged += 1
        return
    for name, value in told.items():
        setattr(row, name, value)
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        faults += [f"{position}: {name}: {' '.join(texts)}" for name, texts in error.message_dict.items()]
        return
    row.save()
    if isinstance(row, Account) and not adding:
        row.clear_marks()  # what upstream refused was asked the old way
    result.added += adding
    result.changed += not adding


def _in_words(error: msgspec.ValidationError) -> str:
    """msgspec's messages name the type that was expected and where, and never quote a value."""
    return str(error).replace("`$.", "`").replace("`", "")
