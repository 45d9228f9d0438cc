"""Which accounts may serve: the table of bindings."""

from hypothesis import given
from hypothesis import strategies as st

from accounts.groups.scope import ANYONE, Scope, as_text, bound_to, from_text, in_words

A, B, C = frozenset({"a"}), frozenset({"b"}), frozenset({"c"})

ADMITTED = (
    (Scope(), frozenset(), True),
    (Scope(), A, True),
    (Scope(bindings=bound_to(A)), frozenset(), False),
    (Scope(bindings=bound_to(A)), A | C, True),
    (Scope(bindings=bound_to(A | B)), B, True),
    (Scope(bindings=bound_to(A) | bound_to(B)), A, False),
    (Scope(bindings=bound_to(A) | bound_to(B)), A | B, True),
    (Scope(bindings=bound_to(A | B) | bound_to(C)), B | C, True),
    (Scope(frozenset({"vertex"}), bound_to(A)), A, False),
)


def test_who_is_admitted() -> None:
    """Of one binding any group will do; of two bindings both have to be met; and the kind too."""
    for scope, groups, admitted in ADMITTED:
        assert scope.admits("gemini", groups) is admitted, (scope, groups)


def test_within() -> None:
    """Both scopes hold together; no kind in common is nobody."""
    gemini, vertex = frozenset({"gemini"}), frozenset({"vertex"})
    assert ANYONE.within(Scope(gemini, bound_to(A))) == Scope(gemini, bound_to(A))
    assert Scope(gemini, bound_to(A)).within(Scope(bindings=bound_to(B))) == Scope(gemini, frozenset({A, B}))
    assert Scope(gemini).within(Scope(vertex)) is None
    assert Scope(gemini | vertex).within(Scope(vertex)) == Scope(vertex)


def test_words() -> None:
    """An error names the groups so that one sees which of them are to be met together."""
    assert in_words(bound_to(A)) == "the group 'a'"
    assert in_words(bound_to(A | B)) == "the groups 'a' or 'b'"
    assert in_words(bound_to(A | B) | bound_to(C)) == "the group 'c', and the groups 'a' or 'b'"
    assert as_text(bound_to(A | B) | bound_to(C)) == "a, b & c"


NAMES = st.text(st.characters(exclude_characters=",& ", categories=("L", "N", "P", "S")), min_size=1)


@given(st.frozensets(st.frozensets(NAMES, min_size=1)))
def test_record_is_read_back(bindings: frozenset[frozenset[str]]) -> None:
    """What the row keeps of the bindings is enough to send the request again within them."""
    assert from_text(as_text(bindings)) == bindings
