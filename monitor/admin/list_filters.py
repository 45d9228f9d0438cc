"""Filters of the request list: fixed choices, each answered by an index; none of them counts."""

# mypy: disable-error-code="type-arg, override"

import time
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from monitor.history.queries import admitted_since, distinct_values, ended_with
from monitor.models import ENDED_BY_LABELS, ENDED_IN_LABELS, OUTCOME_LABELS, RequestLog
from monitor.words.plain_text import shown


class FixedFilter(admin.SimpleListFilter):
    """One choice of a fixed list; a choice that is not in it filters nothing."""

    def condition(self, value: str) -> Q:
        """The condition for a choice."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> QuerySet[RequestLog]:
        """The rows of the choice made, if one is."""
        value = self.value()
        if value is None or value not in {str(choice) for choice, _label in self.lookup_choices}:
            return queryset
        return queryset.filter(self.condition(value))


class QuickFilter(FixedFilter):
    """What one looks for most often."""

    title = _("quick filter")
    parameter_name = "show"
    conditions: ClassVar = {
        "errors": (_("errors"), Q(is_failure=True)),
        "healed": (_("healed"), Q(healed=True)),
        "continued": (_("continued"), Q(continued=True)),
        "retried": (_("more than one attempt"), Q(attempts__gt=1)),
        "zero": (_("zero tokens"), Q(tokens_out=0)),
        "in_flight": (_("in flight"), Q(in_flight=True)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The words."""
        return [(name, label) for name, (label, _condition) in self.conditions.items()]

    def condition(self, value: str) -> Q:
        """The condition of that word."""
        return self.conditions[value][1]


class EndedFilter(FixedFilter):
    """How it ended, by one column."""

    choices_of: ClassVar[dict[Any, Any]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All values that the column may have."""
        return [(str(value), label) for value, label in self.choices_of.items()]

    def condition(self, value: str) -> Q:
        """That value, through the index of notable ends."""
        return ended_with(str(self.parameter_name), int(value) if value.isdigit() else value)


class OutcomeFilter(EndedFilter):
    """By outcome."""

    title = _("outcome")
    parameter_name = "outcome"
    choices_of = OUTCOME_LABELS


class StatusClassFilter(EndedFilter):
    """By the first digit of the status."""

    title = _("status")
    parameter_name = "status_class"
    choices_of: ClassVar = {2: "2xx", 4: "4xx", 5: "5xx"}


class EndedByFilter(EndedFilter):
    """By who ended it."""

    title = _("ended by")
    parameter_name = "ended_by"
    choices_of = ENDED_BY_LABELS


class EndedInFilter(EndedFilter):
    """By the phase in which it ended."""

    title = _("ended in")
    parameter_name = "ended_in"
    choices_of = ENDED_IN_LABELS


class ListedFilter(FixedFilter):
    """By a column whose values are looked up in its index."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The values that there are."""
        return [(value, shown(value)) for value in distinct_values(str(self.parameter_name)) if value]

    def condition(self, value: str) -> Q:
        """That value."""
        return Q((str(self.parameter_name), value))


class DialectFilter(ListedFilter):
    """By the client's dialect."""

    title = _("dialect")
    parameter_name = "dialect"


class AccountFilter(ListedFilter):
    """By account."""

    title = _("account")
    parameter_name = "account"


class ClientKeyFilter(ListedFilter):
    """By client key."""

    title = _("client key")
    parameter_name = "client_key"


class ClientModelFilter(ListedFilter):
    """By the model that the client named."""

    title = _("client's model")
    parameter_name = "client_model"


class MappedModelFilter(ListedFilter):
    """By the model that was asked."""

    title = _("mapped model")
    parameter_name = "mapped_model"


class TimeFilter(FixedFilter):
    """The last hours or days."""

    title = _("time")
    parameter_name = "within"
    hours: ClassVar = {"1": _("past hour"), "24": _("past 24 hours"), "168": _("past 7 days")}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Spans of time that end now."""
        return list(self.hours.items())

    def condition(self, value: str) -> Q:
        """A range of ids."""
        return admitted_since(time.time() - int(value) * 3600)
