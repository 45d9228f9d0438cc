"""What a request asks for: its target, as it stands in the first line. PURE."""


def path_of(target: bytes) -> bytes:
    """Path and query of a request's target, which may be a whole address."""
    if target[:7].lower() == b"http://" or target[:8].lower() == b"https://":
        authority, slash, path = target.split(b"//", 1)[1].partition(b"/")
        return slash + path if slash else b"/" + authority[len(authority.partition(b"?")[0]) :]
    return target
