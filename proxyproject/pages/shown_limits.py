"""What a conversation has had of its limits, for its page in the monitor: the same as its holder is told."""

import time

from django.utils.translation import gettext as _

from monitor.conversations.limited import LimitLine
from monitor.words.plain_text import shown
from relay.limits.conversations.conversation_reading import of_conversation
from relay.limits.limit_sentences import of_conversation as amount


def conversation_limits(conversation: str) -> list[LimitLine]:
    """One line a limit; none where nothing limits it, or it has rested for an hour."""
    lines = []
    for one in of_conversation(conversation, time.time()):
        whose = {"key": _("limit of the client key %(name)s"), "mapping": _("limit of the mapping %(name)s")}
        for share in one.shares:
            text = _("%(used)s of %(limit)s within the last hour (%(percent)d %%)") % {
                "used": amount(share.measure, share.used),
                "limit": amount(share.measure, share.most),
                "percent": share.percent,
            }
            lines.append(LimitLine(whose[one.limited_by] % {"name": shown(one.name)}, text, share.is_near))
    return lines
