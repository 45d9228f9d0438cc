"""What an account's test says: which address it asked, and what a failure means for the base URL."""

from django.utils.translation import gettext as _

from relay.neutral.failures import Failure
from relay.upstream.redirects import WEB_PAGE

_NO_SUCH_PATH = frozenset({404, 405})


def said_of(failure: Failure, model: str, url: str) -> str:
    """The failure in words, with what to look at, and ``url`` that was asked."""
    said = [_as_sentence(f"{model}: {failure.message}")]
    if is_wrong_path(failure, model):
        said.append(_("This path does not exist there: is the base URL too long, or too short?"))
    return " ".join([*said, asked(url)])


def _as_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "…")) else f"{text}."


def asked(url: str) -> str:
    """Which address was asked."""
    return _("Asked: %(address)s") % {"address": url}


def is_wrong_path(failure: Failure, model: str) -> bool:
    """Does the server not know what it was asked, whatever the model? A page for people says so too."""
    if failure.message == WEB_PAGE:
        return True
    told = failure.message.lower()
    return failure.status in _NO_SUCH_PATH and "model" not in told and model.lower() not in told
