"""The project's settings, with one more dialect: the one line that a new dialect needs."""

from proxyproject.settings import *  # noqa: F403
from relay.dialects import registry
from tests.relay.dialects.toy import TOY

registry.DIALECTS = (TOY, *registry.DIALECTS)
