"""Why there was no connection to an upstream, in words for the operator."""

import errno
import socket
import ssl

import aiohttp

_LONGEST_CHAIN = 10
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_LOOKUP_FAILED = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL})
_CERTIFICATES = {
    10: "it has expired",
    18: "it is signed by itself",
    19: "it is signed by itself",
    20: "nobody whom this machine trusts has signed it",
    21: "nobody whom this machine trusts has signed it",
    62: "it is for another host",
    64: "it is for another address",
}
"""By OpenSSL's numbers (X509_V_ERR_…)."""


def connection_trouble(error: BaseException) -> str:
    """What the chain of exceptions behind ``error`` says; "" where it says nothing. No host is named."""
    for cause in _chain(error):
        if isinstance(cause, aiohttp.ClientConnectorCertificateError):
            cause = cause.certificate_error
        match cause:
            case socket.gaierror():
                if cause.errno in _LOOKUP_FAILED:
                    return "the host's name could not be looked up"
                return "the host was not found"
            case ConnectionRefusedError():
                return "the connection was refused: nothing listens there"
            case ssl.SSLCertVerificationError():
                why = _CERTIFICATES.get(getattr(cause, "verify_code", 0), "it was not accepted")
                return f"the certificate is not valid: {why}"
            case ssl.SSLError():
                return "TLS failed: is it http:// there?"
            case OSError() if cause.errno in _UNREACHABLE:
                return "the host cannot be reached from here"
    return ""


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    now: BaseException | None = error
    while now is not None and now not in found and len(found) < _LONGEST_CHAIN:
        found.append(now)
        now = now.__cause__ or now.__context__
    return found
