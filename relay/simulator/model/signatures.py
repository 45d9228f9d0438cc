"""Thinking signatures: issued, and recognised later, without keeping any.

A signature seals who produced a thought (family, model, account), after which conversation (digest)
and what it stands for (digest of the thinking text or of the function call). Nothing is kept, so it
outlives a restart of the simulator; the sealing key is a constant, for nothing here is secret.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

import msgspec

_KEY = b"evenkeel simulator"
_MAC_BYTES = 16
PLACEHOLDERS = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})


class NotBase64Error(ValueError):
    """The signature is no base64 at all."""


@dataclass(frozen=True, slots=True)
class SignatureSeal:
    """What a signature vouches for."""

    family: str
    model: str
    account: str
    prefix: bytes
    content: bytes


def digest(content: bytes) -> bytes:
    """The digest under which a seal names a content."""
    return hashlib.blake2b(content, digest_size=12).digest()


def issue(seal: SignatureSeal) -> str:
    """The signature of ``seal``: standard base64, well above 50 characters."""
    packed = msgspec.msgpack.encode((seal.family, seal.model, seal.account, seal.prefix, seal.content))
    return base64.b64encode(_mac(packed) + packed).decode()


def read(signature: str) -> SignatureSeal | None:
    """The seal behind ``signature`` (standard or URL-safe base64), None when it is not genuine.

    Raises NotBase64Error.
    """
    raw = decode(signature)
    mac, packed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(packed)):
        return None
    return SignatureSeal(*msgspec.msgpack.decode(packed, type=tuple[str, str, str, bytes, bytes]))


def decode(text: str) -> bytes:
    """The bytes of standard or URL-safe base64, padded or not. Raises NotBase64Error."""
    standard = text.strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotBase64Error(str(error)) from error


def _mac(packed: bytes) -> bytes:
    return hmac.new(_KEY, packed, hashlib.sha256).digest()[:_MAC_BYTES]
