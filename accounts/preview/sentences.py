"""What is doubtful about a mapping, in the reader's language."""

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from accounts.preview.foresight import Doubt, Remark

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SENTENCES: Final[dict[Doubt, "StrOrPromise"]] = {
    "regex": _("A pattern is no regular expression: only * stands for anything, the rest is taken as it is."),
    "catches_all": _(
        "This takes every model that no other mapping takes, also those that an account offers itself."
    ),
    "shadowed": _("The mapping %(other)s takes all these names first: this one would never be used."),
    "offered_by_none": _("No account offers %(model)s: check its spelling, or list it in an account."),
    "offered_by_disabled": _("Every account that offers %(model)s is disabled."),
    "offered_out_of_scope": _("Accounts offer %(model)s, but none of these kinds and groups."),
    "mapped_on": _(
        "A request is mapped once: %(model)s itself is asked, though clients that name it get %(other)s."
    ),
    "leads_back": _(
        "Another mapping leads from %(model)s back to %(other)s. A request is mapped once, so clients that"
        " name the one get the other."
    ),
}


def sentence(remark: Remark) -> str:
    """The remark in words."""
    return str(SENTENCES[remark.doubt]) % {"model": remark.model, "other": remark.other}
