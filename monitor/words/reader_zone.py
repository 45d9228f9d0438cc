"""The reader's time zone in forms that ask for times, which all lists are shown in, too.

The browser tells its zone in a cookie. A form is read in the zone in which it was written, which it names and
sends along: so a time means what its reader saw, whatever the cookie says by then.
"""

# mypy: disable-error-code="misc"
# (unfold ships no types)

from datetime import MAXYEAR, MINYEAR, datetime, tzinfo
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

COOKIE: Final = "evenkeel_zone"
FIELD: Final = "_zone"
FIRST_YEAR: Final = MINYEAR + 1
LAST_YEAR: Final = MAXYEAR - 1

_TIMES: Final = (forms.DateField, forms.DateTimeField, forms.SplitDateTimeField)


class InReadersZone:
    """Before a ``ModelAdmin``: its form's times are the reader's, and the form says which zone that is."""

    change_form_before_template = "monitor/reader_zone.html"

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        """The form, or what became of it, written before the zone is another again."""
        with timezone.override(zone_of(request)):
            response: HttpResponseBase = super().changeform_view(request, *args, **options)
            if not isinstance(response, SimpleTemplateResponse):
                return response
            shown = response.context_data or {}
            if "adminform" in shown:
                fields = shown["adminform"].form.fields.values()
                shown["asks_for_times"] = any(isinstance(field, _TIMES) for field in fields)
            return response.render()


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone that the form was written in, else the browser's; the server's where neither is known."""
    name = request.POST.get(FIELD) or request.COOKIES.get(COOKIE, "")
    return ZoneInfo(name) if name in _names() else timezone.get_default_timezone()


def check_moment(field: str, moment: datetime | None) -> None:
    """Raise ValidationError where no calendar has ``moment`` in each zone: no page could show it there."""
    if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
        told = _("Give a year from %(first)d to %(last)d.")
        raise ValidationError({field: ValidationError(told, params={"first": FIRST_YEAR, "last": LAST_YEAR})})


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
