"""``make messages``: bring the Japanese texts up to date with what the source says, and compile them."""

# ruff: noqa: E402  Django is set up before anything of ours is imported

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import polib

from tests.proxyproject.test_translation import FOLDER, Text, ours, the_themes

SOURCE = FOLDER / "django.po"


def main() -> int:
    """Drop what no page says any more, add what is new, and name what has no Japanese yet: then 1, else 0."""
    catalogue = polib.pofile(str(SOURCE), wrapwidth=-1)  # each text on one line
    said = ours()
    for entry in [entry for entry in catalogue if _text(entry) not in {*said, *the_themes()}]:
        print(f"dropped: {entry.msgid}")
        catalogue.remove(entry)
    known = {_text(entry) for entry in catalogue}
    catalogue.extend(_entry(text) for text in said if text not in known)
    catalogue.save()
    catalogue.save_as_mofile(str(SOURCE.with_suffix(".mo")))
    for entry in (missing := catalogue.untranslated_entries()):
        print(f"no Japanese yet: {entry.msgid} ({said.get(_text(entry), 'the theme')})")
    return 1 if missing else 0


def _text(entry: polib.POEntry) -> Text:
    return Text(entry.msgid, entry.msgctxt or "", entry.msgid_plural or "")


def _entry(text: Text) -> polib.POEntry:
    told = {"msgstr_plural": {0: ""}} if text.plural else {"msgstr": ""}
    return polib.POEntry(
        msgid=text.says, msgctxt=text.context or None, msgid_plural=text.plural or "", **told
    )


if __name__ == "__main__":
    sys.exit(main())
