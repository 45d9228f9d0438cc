"""Django's own pages of users and groups, with forms that look like the others."""

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from monitor.words.reader_zone import InReadersZone
from proxyproject.rights import WithRights

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(WithRights, InReadersZone, PlainUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Who may log in."""

    rights = "user_permissions"
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(WithRights, PlainGroupAdmin, ModelAdmin):
    """Rights that several users have."""

    rights = "permissions"
