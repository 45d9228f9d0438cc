"""``MONITOR_BODY_STORE``: which bucket, below which prefix, at which server. PURE."""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

KNOWN = frozenset({"endpoint", "region"})
OTHERS_REGION = "us-east-1"
"""What servers other than AWS's take when they have no regions."""


class BucketPlace(NamedTuple):
    """A bucket and the prefix of our keys, below which all is ours; ``endpoint`` is empty for AWS itself.

    ``region`` is empty where the process's environment tells it (``AWS_REGION``).
    """

    bucket: str
    prefix: str
    endpoint: str
    region: str


def place_of(url: str) -> BucketPlace | None:
    """Reads ``s3://BUCKET/PREFIX?endpoint=https://…&region=…``; None for an empty one.

    Raises ValueError, which says what is wrong: without the address, for it may hold what it should not.
    """
    if not url:
        return None
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme != "s3" or "@" in parts.netloc or not re.fullmatch(r"[a-z0-9][a-z0-9.-]+", parts.netloc):
        raise ValueError("must be like s3://BUCKET/PREFIX?endpoint=https://s3.example.org&region=eu-west-1")
    if unknown := sorted(query.keys() - KNOWN):
        raise ValueError(f"has a part that is not known: {unknown[0]}; there are endpoint and region")
    endpoint = query.get("endpoint", "")
    if endpoint and ("@" in endpoint or not re.fullmatch(r"https?://[^/\s*]+/?", endpoint)):
        raise ValueError("has an endpoint that is no address like https://s3.example.org")
    if not (prefix := parts.path.strip("/")):
        raise ValueError("must name a prefix too, one of this installation alone: s3://BUCKET/PREFIX")
    region = query.get("region", "") or (OTHERS_REGION if endpoint else "")
    return BucketPlace(parts.netloc, prefix, endpoint.rstrip("/"), region)
