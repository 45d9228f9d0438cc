"""What the operator says of models: over the shipped table, validated, with its origin, taken by all."""

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from accounts.admin.facts.model_facts_form import FACTS, PREFIX
from accounts.facts.contradictions import contradictions
from accounts.facts.labels import NAMES, read_budget, written
from accounts.facts.model_facts import SHIPPED, ModelFacts, ModelTable, Override, ThinkingBudget, problem_with
from accounts.facts.models import ModelOverride, stored_overrides
from accounts.groups.scope import ANYONE
from accounts.loaded.loading import load_snapshot
from accounts.mapping import ModelRouter, Offer, Target
from accounts.pool.roster import Roster
from accounts.revisions import Revision
from accounts.snapshot import AccountView, Snapshot

NAME = "claude-opus-5-5"
ADD, LIST = "admin:accounts_modeloverride_add", "admin:accounts_modeloverride_changelist"
BELIEVED = "/admin/accounts/modeloverride/believed/"


def table(*overrides: Override) -> ModelTable:
    return ModelTable(overrides)


def said(pattern: str, **facts: Any) -> Override:
    return Override(pattern=pattern, facts=facts)


# --- the table with overrides ----------------------------------------------------------------------
def test_an_override_changes_what_it_says_and_nothing_else() -> None:
    """One fact is laid over; everything else stays as shipped, and so do all other models."""
    now = table(said(NAME, prefill=True))
    assert now.facts_for(NAME).prefill
    assert not SHIPPED.facts_for(NAME).prefill
    before, after = SHIPPED.facts_for(NAME), now.facts_for(NAME)
    assert [n for n in ModelFacts.__struct_fields__ if getattr(before, n) != getattr(after, n)] == ["prefill"]
    assert now.facts_for("claude-opus-5") == SHIPPED.facts_for("claude-opus-5")


def test_the_more_exact_word_rules_fact_by_fact() -> None:
    """A general override stands where a more exact one is silent, whatever order they were made in."""
    now = table(
        said(NAME, context_tokens=3),
        said("claude-*", context_tokens=1, max_output_tokens=1, default_max_tokens=1),
        said("claude-opus-*", context_tokens=2, max_output_tokens=2),
    )
    facts = now.facts_for(NAME)
    assert (facts.context_tokens, facts.max_output_tokens, facts.default_max_tokens) == (3, 2, 1)
    assert now.facts_for("claude-opus-6").context_tokens == 2


def test_a_model_of_tomorrow_joins_a_family() -> None:
    """With a family told, an unknown name gets its newest facts, its kinds, and a place in the lists."""
    now = table(Override(pattern="opus-next", vendor="anthropic", facts={"effort_levels": ["low"]}))
    facts = now.facts_for("opus-next", "openai")
    assert (facts.vendor, facts.family, facts.effort_levels) == ("anthropic", "claude", ("low",))
    assert now.vendor_of("opus-next") == "anthropic"
    assert now.kinds_offering("opus-next") == {"anthropic"}
    assert "opus-next" in now.names_offered_by("anthropic")
    assert "opus-next" not in now.names_offered_by("gemini")
    assert now.names_offered_by("gemini") == SHIPPED.names_offered_by("gemini")


def test_kinds_may_offer_what_they_do_not_list() -> None:
    """The operator says that every Vertex account serves Claude: routing and lists follow."""
    now = table(Override(pattern="claude-*", kinds=("anthropic", "vertex")))
    assert now.kinds_offering(NAME) == {"anthropic", "vertex"}
    assert NAME in now.names_offered_by("vertex")
    router = ModelRouter((), [Offer("vertex")], now)
    assert router.resolve(NAME) == (Target(NAME),)
    assert ModelRouter((), [Offer("vertex")]).resolve(NAME) is None


def test_a_roster_goes_by_the_snapshots_words() -> None:
    """Who is asked for a model follows with the snapshot that says so, and goes with it."""
    account = AccountView(id=1, email="v@x.test", kind="vertex", base_url="http://x.test")
    roster = Roster()
    roster.load(Snapshot(accounts=(account,)), 1, 0.0)
    assert roster.targets(NAME) is None
    words = (Override(pattern="claude-*", kinds=("vertex",)),)
    roster.load(Snapshot(accounts=(account,), overrides=words), 1, 0.0)
    assert [c.account_id for c in roster.candidates(NAME, ANYONE, (), 0.0)] == [1]
    roster.load(Snapshot(accounts=(account,)), 1, 0.0)
    assert roster.targets(NAME) is None


@pytest.mark.parametrize(
    "unreadable",
    [
        Override(pattern="*", facts={"context_tokens": "many"}),
        Override(pattern="*", facts={"a_fact_of_tomorrow": True}),
        Override(pattern="*", facts={"vendor": "openai"}),
        Override(pattern="*", vendor="nobody"),
        Override(pattern="*", kinds=("nobody",)),
    ],
)
def test_what_cannot_be_read_is_passed_over(unreadable: Override) -> None:
    """Rows of another version break nothing: the shipped word stands."""
    assert problem_with(unreadable)
    now = table(unreadable)
    assert now.facts_for(NAME) == SHIPPED.facts_for(NAME)
    assert now.kinds_offering(NAME) == SHIPPED.kinds_offering(NAME)


def test_each_belief_tells_its_origin() -> None:
    """Overridden by which pattern, shipped by which row, or assumed; with the shipped value beside."""
    now = table(said("claude-*", prefill=True))
    beliefs = {belief.name: belief for belief in now.beliefs("claude-haiku-5-5")}
    assert set(beliefs) == set(ModelFacts.__struct_fields__)
    own = beliefs["prefill"]
    assert (own.value, own.origin, own.source, own.shipped) == (True, "override", "claude-*", False)
    row = beliefs["default_effort"]
    assert (row.value, row.origin, row.source) == ("medium", "shipped", "claude-haiku-5-5*")
    assert beliefs["forced_tool_choice"].origin == "assumed"
    silent = beliefs["tool_result_media"]
    assert (silent.value, silent.origin, silent.source) == (True, "default", "")
    tomorrow = {belief.origin for belief in SHIPPED.beliefs("claude-tomorrow")}
    nobody = {belief.origin for belief in SHIPPED.beliefs("bench-x", "gemini")}
    assert tomorrow == nobody == {"assumed"}


# --- the shipped table itself -----------------------------------------------------------------------
def test_no_shipped_facts_contradict_each_other(subtests: pytest.Subtests) -> None:
    """What the operator's words are held to, the table is held to."""
    for name in SHIPPED.names():
        with subtests.test(f"{name!r:.120}"):
            assert list(contradictions(SHIPPED.facts_for(name))) == []


def test_every_fact_has_a_name_and_a_field() -> None:
    """A fact added to the table can be read and overridden in the admin, under a name for people."""
    assert set(NAMES) == set(FACTS) == set(ModelFacts.__struct_fields__) - {"vendor"}


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("1024-63999 off", ThinkingBudget(1024, 63_999, True, False)),
        ("128-32768, dynamic", ThinkingBudget(128, 32_768, False, True)),
        ("1-24576 off dynamic", ThinkingBudget(1, 24_576, True, True)),
        ("5-9", ThinkingBudget(5, 9, False, False)),
    ],
)
def test_a_budget_is_written_and_read(text: str, budget: ThinkingBudget) -> None:
    """The same text says the same budget, both ways."""
    assert ThinkingBudget(*read_budget(text).values()) == budget  # type: ignore[union-attr]
    assert written(budget) == text.replace(",", "")


# --- the admin ---------------------------------------------------------------------------------------
def form(**fields: str) -> dict[str, str]:
    blank = {PREFIX + fact: "" for fact in FACTS}
    facts = {PREFIX + key if key in FACTS else key: value for key, value in fields.items()}
    about = {"pattern": NAME, "vendor": "", "note": "https://docs.example/opus", "checked_on": "2026-11-27"}
    return {**blank, **about, **facts}


def errors_of(client: Any, **fields: str) -> str:
    answer = client.post(reverse(ADD), form(**fields))
    assert answer.status_code == 200, "it was saved"
    assert ModelOverride.objects.count() == 0
    found = answer.context["adminform"].form.errors
    return " | ".join(f"{field}: {text}" for field, texts in found.items() for text in texts)


@pytest.mark.django_db
def test_every_kind_of_fact_can_be_said(admin_client: Any) -> None:
    """Numbers, yes and no, choices, lists, budgets, and their emptiness; blank says nothing."""
    fields = {
        "context_tokens": "500000",
        "prefill": "yes",
        "preserved_thinking": "no",
        "sampling": "ignored",
        "effort_levels": "low, high",
        "default_effort": "high",
        "thinking_modes": "enabled disabled",
        "thinking_budget": "1024-99999 off",
        "family": "-",
        "thinking_levels": "-",
    }
    answer = admin_client.post(reverse(ADD), form(**fields))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = ModelOverride.objects.get()
    assert row.facts == {
        "context_tokens": 500_000,
        "prefill": True,
        "preserved_thinking": False,
        "sampling": "ignored",
        "effort_levels": ["low", "high"],
        "default_effort": "high",
        "thinking_modes": ["enabled", "disabled"],
        "thinking_budget": {"minimum": 1024, "maximum": 99_999, "can_disable": True, "dynamic": False},
        "family": "",
        "thinking_levels": [],
    }
    assert (row.note, row.checked_on) == ("https://docs.example/opus", date(2026, 11, 27))
    change = reverse("admin:accounts_modeloverride_change", args=(row.pk,))
    shown = admin_client.get(change).context["adminform"].form
    again = {name: str(shown[name].value() or "") for name in shown.fields if name.startswith(PREFIX)}
    assert {name: text for name, text in again.items() if text} == {
        **{PREFIX + fact: text for fact, text in fields.items()},
        PREFIX + "thinking_modes": "enabled, disabled",
    }
    assert shown[PREFIX + "context_tokens"].help_text == "Shipped: 1,000,000"
    assert admin_client.post(change, form(prefill="no")).status_code == 302
    assert ModelOverride.objects.get().facts == {"prefill": False}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "This says nothing yet"),
        ({"prefill": "yes", "note": ""}, "note: This field is required"),
        ({"prefill": "yes", "pattern": "two words"}, "pattern: A pattern is a model name without spaces"),
        ({"context_tokens": "many"}, "fact_context_tokens: Enter a whole number"),
        ({"context_tokens": "0"}, "fact_context_tokens: Ensure this value is greater"),
        ({"max_output_tokens": "2000000"}, "2,000,000 is more than “context (tokens)” allows: 1,000,000"),
        (
            {"effort_levels": "low, lots"},
            "claude-opus-5-5: effort levels: Nobody knows lots",
        ),
        ({"default_effort": "none"}, "none is none of its effort levels (low, medium, high, xhigh, max)"),
        ({"thinking_modes": "enabled"}, "fact_thinking_modes|needs a range of tokens"),
        ({"thinking_budget": "lots"}, "fact_thinking_budget: Write the least and the most tokens"),
        ({"thinking_budget": "9-5"}, "The least must be below the most"),
        ({"sampling": "sometimes"}, "fact_sampling: Select a valid choice"),
        ({"pattern": "claude-*", "max_output_tokens": "300000"}, "claude-opus-4-5: "),
    ],
)
def test_what_does_not_fit_is_said_clearly(admin_client: Any, fields: dict[str, str], says: str) -> None:
    """At its field, with the model of which it cannot be true."""
    told = errors_of(admin_client, **fields)
    assert any(part in told for part in says.split("|")), told


@pytest.mark.django_db
def test_what_is_said_reaches_every_process() -> None:
    """A change raises the revision in its own transaction, and the next snapshot holds the facts."""
    before = Revision.current()
    row = ModelOverride.objects.create(pattern="claude-*", facts={"prefill": True}, note="tried")
    assert Revision.current() > before
    assert load_snapshot().overrides == stored_overrides() == (row.as_override(),)
    before = Revision.current()
    ModelOverride.objects.all().delete()
    assert Revision.current() > before


@pytest.mark.django_db
def test_the_page_says_what_is_believed_and_from_where(admin_client: Any) -> None:
    """Each fact with its value, its origin, the operator's note, and the shipped value beside it."""
    ModelOverride.objects.create(
        pattern="claude-opus-*", facts={"prefill": True}, note="https://docs.example/opus"
    )
    answer = admin_client.get(BELIEVED, {"model": NAME})
    lines = {line.field: line for line in answer.context["lines"]}
    assert set(lines) == set(FACTS)
    assert (lines["prefill"].value, lines["prefill"].origin, lines["prefill"].shipped) == (
        "yes",
        "override",
        "no",
    )
    assert (lines["default_effort"].origin, lines["default_effort"].source) == ("shipped", "claude-opus-5-5*")
    page = answer.content.decode()
    assert 'href="https://docs.example/opus"' in page
    assert "checked on 2026-11-21" in page
    assert reverse(ADD) + "?pattern=" + NAME in page


@pytest.mark.django_db
def test_the_page_lists_the_models(admin_client: Any, django_assert_max_num_queries: Any) -> None:
    """Without a model: those that are known, the operator's own first, in a bounded number of queries."""
    ModelOverride.objects.create(pattern="opus-next", vendor="anthropic", note="announced")
    with django_assert_max_num_queries(8):
        answer = admin_client.get(BELIEVED)
    names = [row["name"] for row in answer.context["rows"]]
    assert names[0] == "opus-next"
    assert set(SHIPPED.names()) <= set(names)
    assert admin_client.get(reverse(LIST)).status_code == 200


@pytest.mark.django_db
def test_odd_names_do_no_harm(admin_client: Any) -> None:
    """A name is text: markup is shown, a long one cut, an unknown kind ignored."""
    page = admin_client.get(BELIEVED, {"model": "<script>x", "kind": "nobody"}).content.decode()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert admin_client.get(BELIEVED, {"model": "x" * 5000}).status_code == 200


@pytest.mark.django_db
def test_the_page_is_for_who_may_see_the_facts(client: Any, django_user_model: Any) -> None:
    """Others are sent to the login, or refused."""
    assert client.get(BELIEVED).status_code == 302
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(BELIEVED).status_code == 403
