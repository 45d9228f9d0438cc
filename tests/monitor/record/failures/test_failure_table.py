"""The one table: every failure has a row, and everyone who decides by failures reads it."""

import ast

from monitor.record.failures.failure_kinds import (
    ACCOUNT,
    MISSING_THING,
    OUTPUT_LIMIT,
    PARAMETER,
    SIGNATURE,
    TOO_LONG_CONTEXT,
    Kind,
)
from monitor.record.failures.failure_table import BY_STATUS, BY_WORD, Cause, Culprit, Rule, rule_for
from monitor.record.failures.retry_strategies import NoRetry
from tests.source_trees import trees
from tests.test_house_rules import PACKAGES, ROOT, our_modules

WORDS = {ACCOUNT, SIGNATURE, MISSING_THING, PARAMETER, TOO_LONG_CONTEXT, OUTPUT_LIMIT}
KINDS = Kind.__members__
ALL = {**{str(status): rule for status, rule in BY_STATUS.items()}, **BY_WORD}


def test_every_kind_and_every_word_has_a_row() -> None:
    """What upstream says by a status has the row of the status, everything else one of its own."""
    assert set(BY_WORD) == set(Kind) - {Kind.STATUS} | WORDS
    assert all(rule.cause is not Cause.OTHER for rule in ALL.values())


def test_rows_say_nothing_that_contradicts_itself() -> None:
    """What nobody retries goes nowhere and marks nobody; only an account's or machine's failure is marked."""
    for name, rule in ALL.items():
        if isinstance(rule.wait, NoRetry):
            assert (name, rule.rotate, rule.mark) == (name, False, "")
        if rule.culprit in (Culprit.REQUEST, Culprit.SERVICE, Culprit.SERVER):
            assert (name, rule.rotate, rule.mark) == (name, False, "")
        if rule.culprit is Culprit.ACCOUNT:
            assert (name, rule.rotate) == (name, True)
            assert rule.mark not in ("", "soft")


def test_statuses_that_are_not_listed() -> None:
    """Another 4xx is the request's own; below 400 it is no answer that is known; words of tomorrow too."""
    assert rule_for(Kind.STATUS, 418).culprit is Culprit.REQUEST
    assert rule_for(Kind.STATUS, 302).cause is Cause.OTHER
    assert rule_for("hitherto unheard of", 500).cause is Cause.OTHER


def test_an_error_object_is_the_error_that_it_names() -> None:
    """With a status it has the row of the status; without one it is a broken stream."""
    for status, rule in BY_STATUS.items():
        assert rule_for(Kind.ERROR_EVENT, status) is rule
    assert rule_for(Kind.ERROR_EVENT, None) is BY_WORD[Kind.ERROR_EVENT]


def test_the_status_of_another_kind_says_nothing() -> None:
    """A refusal of ours has a status too, and is not upstream's."""
    rule: Rule = rule_for(Kind.NO_ACCOUNT, 503)
    assert rule is BY_WORD[Kind.NO_ACCOUNT]


def test_no_other_room_has_a_table_of_failures() -> None:
    """Three kinds of failure side by side, in a collection or a ``match``, are a second table."""
    seconds = {}
    for path, tree in trees(our_modules(*PACKAGES), "Kind."):
        if path.name in ("failure_table.py", "failure_kinds.py") or "migrations" in path.parts:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict | ast.Set | ast.Tuple | ast.List | ast.Match):
                named = _kinds_in(node)
                if len(named) > 2:
                    seconds[str(path.relative_to(ROOT))] = sorted(named)
    assert seconds == {}


def _kinds_in(node: ast.AST) -> set[str]:
    """The kinds that are the node's own: keys, elements, patterns; not those of calls inside."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.Dict):
        parts = [key for key in node.keys if key is not None]
    elif isinstance(node, ast.Match):
        parts = [case.pattern for case in node.cases]
    elif isinstance(node, ast.Set | ast.Tuple | ast.List):
        parts = list(node.elts)
    return {
        one.attr
        for part in parts
        for one in ast.walk(part)
        if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "Kind" and one.attr in KINDS
    }
