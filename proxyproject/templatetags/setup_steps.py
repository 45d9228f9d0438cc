"""The row of set-up steps, on the pages that they lead to."""

from typing import Any

from django import template

from proxyproject.setup.steps import setup

register = template.Library()


@register.inclusion_tag("setup/row.html", takes_context=True)
def setup_steps(context: dict[str, Any]) -> dict[str, Any]:
    """The steps for whoever may do them, while one is left; nothing afterwards."""
    user = context["request"].user
    if not user.has_perm("accounts.change_account"):
        return {"next": None}
    found = setup()
    here = (context["request"].path, context.get("connect_url"))
    is_here = found.next is not None and found.next.link in here
    return {"next": found.next, "steps": found.steps, "is_here": is_here, "is_last": found.is_last_awaited}
