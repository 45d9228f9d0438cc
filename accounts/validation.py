"""What a field of an account, mapping or key may hold; refusals are in plain words (ValidationError)."""

import unicodedata
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.addresses import is_loopback, is_refused, origin
from accounts.kinds import KINDS


def validate_base_url(value: str) -> None:
    """An http(s) address with a host, and nothing in it that is not an address."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in value):
        raise ValidationError(_("A base URL begins with http:// or https:// and names a host."))
    if parts.username or parts.password:
        raise ValidationError(_("A base URL holds no user name and password: they belong in the credential."))
    if parts.query or parts.fragment:
        raise ValidationError(_("A base URL ends with its path: leave out what follows ? or #."))
    if is_refused(parts.hostname or ""):
        raise ValidationError(
            _("This is the address of a cloud's metadata service, or link-local: no account is asked there.")
        )


def validate_label(value: str) -> None:
    """An account's label goes out in a header, where a control character breaks the whole answer."""
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValidationError({"email": _("A label holds no control characters.")})


def validate_location(value: str) -> None:
    """A region's name: it becomes a part of the host that Vertex AI is asked at."""
    if not all(character.isascii() and (character.isalnum() or character == "-") for character in value):
        raise ValidationError({"location": _("A location is a region's name, such as europe-west4.")})


def sends_in_clear(base_url: str) -> bool:
    """Whether what is sent there can be read on the way: plain http that leaves this machine."""
    scheme, host, _port = origin(base_url)
    return scheme == "http" and not is_loopback(host)


def validate_names(value: Any) -> None:
    """A list of model names."""
    if not isinstance(value, list) or not all(_is_name(name) for name in value):
        raise ValidationError(_('Give a list of model names, such as ["gemini-2.5-pro"].'))


def validate_kinds(value: Any) -> None:
    """A list of account kinds."""
    if not isinstance(value, list) or not all(kind in KINDS for kind in value):
        raise ValidationError(
            _("Give a list of account kinds, of these: %(kinds)s."), params={"kinds": ", ".join(KINDS)}
        )


def validate_fallbacks(target: str, fallbacks: list[str]) -> None:
    """No model twice: whoever fell back would come to it again."""
    seen = {target}
    for name in fallbacks if isinstance(fallbacks, list) else ():
        if name in seen:
            said = _("%(model)s stands there twice: a fallback may not lead back to a model before it.")
            raise ValidationError({"fallbacks": ValidationError(said, params={"model": name})})
        seen.add(name)


def validate_group(value: str) -> None:
    """A group's name: a word."""
    if not _is_name(value) or len(value) > 100 or "," in value or "&" in value:
        raise ValidationError(_("A group's name is one word of at most 100 characters, without , and &."))


def validate_groups(value: Any) -> None:
    """A list of groups' names."""
    if not isinstance(value, list):
        raise ValidationError(_('Give a list of groups, such as ["team-a"].'))
    for name in value:
        validate_group(name)


def validate_pattern(value: str) -> None:
    """A model name, in which * stands for anything."""
    if not _is_name(value):
        raise ValidationError(_("A pattern is a model name without spaces; * stands for anything."))


def validate_patterns(value: Any) -> None:
    """A list of patterns."""
    if not isinstance(value, list) or not all(_is_name(name) for name in value):
        raise ValidationError(_('Give a list of model names, * for anything, such as ["gemini-*"].'))


def validate_networks(value: Any) -> None:
    """A list of addresses or networks in CIDR notation."""
    if not isinstance(value, list) or not all(_is_network(text) for text in value):
        raise ValidationError(_("Give addresses or networks, such as 192.0.2.7, 10.0.0.0/8, 2001:db8::/32."))


def validate_target(value: str) -> None:
    """A model name without wildcard."""
    if not _is_name(value) or "*" in value:
        raise ValidationError(_("The upstream model is one name, without spaces and without *."))


def validate_client_key(value: str) -> None:
    """``sk-`` and at least five more printable characters: what a header can carry."""
    if not value.startswith("sk-") or len(value) < 8 or not value.isascii() or not _is_name(value):
        raise ValidationError(
            _("A client key begins with sk- and has at least 8 characters, without spaces.")
        )


def _is_network(text: Any) -> bool:
    try:
        ip_network(text if isinstance(text, str) else "")
    except ValueError:
        return False
    return True


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= 200
        and value.isprintable()
        and not any(character.isspace() for character in value)
    )
