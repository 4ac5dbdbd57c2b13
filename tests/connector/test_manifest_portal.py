"""What the manifest's form and the marketplace's portal refuse, and what is said of it: where, what, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.manifest.finding import Finding
from connector.manifest.model import understood
from connector.manifest.portal import refusals, unfit
from connector.manifest.read import content
from tests.connector.manifests import REVIEW, TRIGGER, changed, manifest, out, put

if TYPE_CHECKING:
    from tests.connector.manifests import Change

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SCHEMA = "correct it; docs/manifest.schema.json says what each field may hold."
LONG = "x" * 5001

FORM: list[tuple[Change, Finding]] = [
    (put("tagline", "Short."), Finding("tagline", "is 6 characters long; the portal takes 20 to 170", SCHEMA)),
    (put("description", LONG), Finding("description", "is 5001 characters long; the portal takes 300 to 5000", SCHEMA)),
    (put("name", " "), Finding("name", "is 0 characters long; the portal takes 1 to 50", SCHEMA)),
    (
        put("workflow.actions.1.description", "x" * 201),
        Finding(f"{REVIEW}.description", "is 201 characters long; the portal takes 1 to 200", SCHEMA),
    ),
    (out("oauth"), Finding("oauth", "is required", SCHEMA)),
    (put("colour", "blue"), Finding("colour", "is not a known field", SCHEMA)),
    (put("listing.target", "user"), Finding("listing.target", "must be 'sub-account' or 'agency'", SCHEMA)),
    (put("oauth.redirectPaths", []), Finding("oauth.redirectPaths", "needs at least 1", SCHEMA)),
    (put("subcategory", ["crm"] * 4), Finding("subcategory", "may hold at most 3", SCHEMA)),
]


@pytest.mark.parametrize(("change", "said"), FORM, ids=[said.where for _, said in FORM])
def test_what_has_not_the_form_is_said_by_field(change: Change, said: Finding) -> None:
    assert understood(changed(change)) == [said]


PORTAL: list[tuple[Change, Finding]] = [
    (
        put("description", f"Made for GHL. {'x' * 300}"),
        Finding("description", "holds the CRM's brand ('GHL')", "say it without: the app is white label."),
    ),
    (
        put("oauth.redirectPaths", ["/oauth/gohighlevel/callback"]),
        Finding(
            "oauth.redirectPaths[0]", "holds the CRM's brand ('gohighlevel')", "say it without: the app is white label."
        ),
    ),
    (
        put("workflow.actions.1.summary", "For High Level users."),
        Finding(f"{REVIEW}.summary", "holds the CRM's brand ('High Level')", "say it without: the app is white label."),
    ),
    (
        out("listing.privateReason"),
        Finding("listing.privateReason", "is required of a private app", "say why it is private."),
    ),
    (
        put("listing.isAgencyBulkInstallEnabled", value=False),
        Finding("listing.isAgencyBulkInstallEnabled", "is required of new apps", "write true."),
    ),
    (
        put("searchKeywords", ["y" * 101, "z" * 100]),
        Finding("searchKeywords", "hold 201 characters in all; 200 may be", "leave some out."),
    ),
    (
        put("scopes.1.scope", "contacts.readonly"),
        Finding("scopes[1].scope", "contacts.readonly is listed twice", "put both features into one."),
    ),
    (
        put("scopes.0.scope", "users.write"),
        Finding("scopes[0].scope", "users.write shows a red warning at consent", "do without it."),
    ),
    (
        put("scopes.0.scope", "companies.readonly"),
        Finding(
            "scopes[0].scope",
            "with companies.readonly sub-accounts cannot install by themselves",
            "do without it, or let agencies only install.",
        ),
    ),
    (
        put("scopes.0.scope", "contacts.readOnly"),
        Finding("scopes[0].scope", "contacts.readOnly is no scope that is known", "correct its spelling."),
    ),
    (out("scopes.13"), Finding("scopes", "triggers and actions take workflows.readonly", "add it.")),
    (out("scopes.5"), Finding("scopes", "a conversation provider takes conversations/message.write", "add it.")),
    (
        put("listing.target", "agency"),
        Finding("listing.target", "triggers work in sub-accounts only", 'write "sub-account".'),
    ),
    (
        put("workflow.triggers.0.key", "lc_call"),
        Finding(
            f"{TRIGGER}.key",
            "'lc_call' cannot be a key",
            "use small letters, digits and underscores, a letter first, without lc_ or iatf_ before it.",
        ),
    ),
    (
        put("workflow.triggers.0.filters.0.field", "mood"),
        Finding(f"{TRIGGER}.filters[0].field", "'mood' is not in samplePayload", "filter by a field of the payload."),
    ),
    (
        put("workflow.triggers.0.filters.0.fieldType", "select"),
        Finding(f"{TRIGGER}.filters[0].options", "a select needs something to choose from", "add options."),
    ),
    (
        put("workflow.triggers.0.filters.2.fieldType", "string"),
        Finding(f"{TRIGGER}.filters[2].options", "a string has none", "take them out, or make it a select."),
    ),
    (
        put("workflow.triggers.0.filters.0.field", "amd"),
        Finding(f"{TRIGGER}.filters", "amd is listed twice", "leave one out."),
    ),
    (
        out("workflow.triggers.0.variables.agent"),
        Finding(f"{TRIGGER}.samplePayload.agent", "has no title, so nobody can use it", "add it to variables."),
    ),
    (
        out("workflow.triggers.0.samplePayload.trunk"),
        Finding(f"{TRIGGER}.variables.trunk", "is not in samplePayload", "add it there, or take it out here."),
    ),
    (
        put("workflow.triggers.0.samplePayload.trunk", None),
        Finding(f"{TRIGGER}.samplePayload.trunk", "shows no type", "write a text, a number, true or false."),
    ),
]


@pytest.mark.parametrize(("change", "said"), PORTAL, ids=[f"{said.where} {said.what}" for _, said in PORTAL])
def test_what_the_portal_would_refuse_is_said(change: Change, said: Finding) -> None:
    assert said in list(refusals(manifest(changed(change))))


def test_an_unknown_category_is_told_the_known_ones() -> None:
    (found,) = refusals(manifest(changed(put("subcategory", ["phones"]))))
    assert (found.where, found.what) == ("subcategory[0]", "'phones' is no category")
    assert "calling" in found.do


def test_a_brand_is_no_harm_where_the_app_is_not_white_label() -> None:
    document = changed(put("listing.isWhiteLabelFriendly", value=False)) | {"name": "Ringback for GHL"}
    assert list(refusals(manifest(document))) == []


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://calls.example.com", None),
        ("https://93.184.216.34", None),
        ("http://calls.example.com", "the marketplace takes https:// addresses only"),
        ("https://user@calls.example.com", "that is no plain address"),
        ("https://localhost:8080", "the marketplace takes addresses of the public internet only"),
        ("https://10.1.2.3", "the marketplace takes addresses of the public internet only"),
        ("https://[::1]", "the marketplace takes addresses of the public internet only"),
        ("https://calls.internal", "the marketplace takes addresses of the public internet only"),
    ],
)
def test_only_a_public_address_is_fit_for_the_portal(address: str, why: str | None) -> None:
    assert unfit(address) == why


@given(st.dictionaries(st.sampled_from([*content(), "x"]), JSON))
def test_any_json_object_is_understood_or_refused_in_words(document: dict[str, Any]) -> None:
    found = understood(content() | document)
    assert not isinstance(found, list) or all(one.what and one.do for one in found)
