"""PURE. Which addresses an account may be asked at, and when two of them are the same place.

Metadata services hand a machine's own credentials to whoever asks them from it (the link-local addresses of
all clouds, and a few others). Nobody's models are there.
"""

import ipaddress
from unicodedata import normalize
from urllib.parse import urlsplit

_METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)
_METADATA_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "169.254.0.0/16",  # link-local: AWS, Azure, Google, DigitalOcean, Oracle …
            "fe80::/10",
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure's wire server
            "192.0.0.192/32",  # Oracle
            "fd00:ec2::/32",  # AWS
            "fd20:ce::/32",  # Google
        ),
    )
)
_TRANSLATED = tuple(  # IPv4 in the last four bytes
    map(
        ipaddress.ip_network,
        (
            "64:ff9b::/96",  # NAT64 (RFC 6052)
            "64:ff9b:1::/48",  # NAT64 in a network of one's own (RFC 8215)
            "::/96",  # "IPv4-compatible", of old (RFC 4291, 2.5.5.1)
        ),
    )
)
_FULL_STOPS = str.maketrans("\u3002\uff61", "..")
"""Full stops of names that are written in another script (RFC 3490, 3.1)."""

_LONGEST_VERSION = 8

Origin = tuple[str, str, int]
"""Scheme, host and port: what a credential is sent to."""


def origin(base_url: str) -> Origin:
    """The place that ``base_url`` names; raises ValueError for what is no address."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").rstrip(".").lower()
    return parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80)


def asked_at(kind: str, base_url: str) -> Origin | str:
    """Where an account's credential is sent: an origin, or the kind's name for the kind's own address."""
    return origin(base_url) if base_url else kind


def kept_at(kind: str, base_url: str) -> tuple[Origin | str, str]:
    """Where a stored credential may go on being sent: the same origin, and there the same owner's path.

    Gateways give each customer a path on one host (``/v1/CUSTOMER/…``); a version at its end is nobody's.
    """
    path = urlsplit(base_url).path.rstrip("/")
    before, _, last = path.rpartition("/")
    return asked_at(kind, base_url), before if _is_version(last) else path


def _is_version(segment: str) -> bool:
    """``v1``, ``v1beta``: so short that it is nobody's name."""
    return segment[:1] == "v" and segment[1:2].isdigit() and len(segment) <= _LONGEST_VERSION


def is_loopback(host: str) -> bool:
    """Whether what is sent to ``host`` stays on this machine."""
    address = _address(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def is_refused(host: str) -> bool:
    """Whether ``host``, a name or an address in any notation, is a metadata service or link-local."""
    host = normalize("NFKC", host.translate(_FULL_STOPS)).strip("[]").rstrip(".").lower()
    address = _address(host)
    if address is None:
        return host in _METADATA_NAMES
    return any(address.version == network.version and address in network for network in _METADATA_NETWORKS)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that ``host`` writes; of one inside another (mapped, translated) the inner one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _old_notation(host)
    if address.version == 4:
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if not address.is_loopback and any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def _old_notation(host: str) -> ipaddress.IPv4Address | None:
    """``169.254.43518``, ``0xa9fea9fe``, ``0251.0376.0251.0376``: what resolvers still take (inet_aton)."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(part.isascii() and part.isalnum() for part in parts):
        return None
    try:
        numbers = [int(part, _base(part)) for part in parts]
    except ValueError:
        return None
    value = numbers[-1]
    if any(number > 255 for number in numbers[:-1]) or value >= 256 ** (5 - len(parts)):
        return None
    for place, number in enumerate(numbers[:-1]):
        value += number << (8 * (3 - place))
    return ipaddress.IPv4Address(value)


def _base(digits: str) -> int:
    if digits[:2].lower() == "0x":
        return 16
    return 8 if len(digits) > 1 and digits[0] == "0" else 10
