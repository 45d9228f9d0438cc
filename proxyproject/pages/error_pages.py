"""What an operator's page says when it fails: that the database cannot be asked, where that is why."""

import sys

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _
from django.views.defaults import server_error as plain_server_error

from monitor.record.redacting.redaction import mask_text
from proxyproject.wiring import writer

RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """503 and the state of the store when the database is away; else Django's own 500.

    Nobody can be signed in without it, so nothing is told here that is not for everybody.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return plain_server_error(request)
    stats = writer.stats()
    context = {
        "title": _("The database cannot be asked"),
        "error": first_line(error),
        "queued": stats.queued_rows,
        "dropped": stats.rows_dropped,
        "seconds": RETRY_SECONDS,
    }
    page = loader.get_template("database_away.html").render(context)
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def first_line(error: Error) -> str:
    """What the database said, without the details (PostgreSQL's quote the row)."""
    return mask_text(str(error).partition("\n")[0])
