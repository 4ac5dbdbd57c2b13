"""The vendor's own files: what they hold, and what stays in a folder that its CLI filled."""

from __future__ import annotations

from typing import Any

import pytest

from connector.manifest import highlevel
from connector.manifest.highlevel import APP, WEBHOOKS, Place, files, unfilled
from connector.manifest.read import content
from connector.manifest.workspace import draft, is_frozen
from tests.connector.manifests import changed, manifest, put

PLACE = Place("https://calls.example.com", "app1", "version1")
TRIGGER = "src/modules/workflows/triggers/call-outcome.json"
SUPPRESS = "src/modules/workflows/actions/suppress-redial.json"
HEADERS = {"X-Ringback-Secret": "${env:RINGBACK_WORKFLOW_SECRET}"}


def made(before: dict[str, Any] | None = None) -> dict[str, Any]:
    return files(manifest(content()), PLACE, before or {})


def version(path: str) -> dict[str, Any]:
    (only,) = made()[path]["versions"]
    return dict(only)


def test_there_is_a_file_for_the_app_its_events_and_each_trigger_and_action() -> None:
    actions = [f"src/modules/workflows/actions/{name}.json" for name in ("send-to-review", "set-disposition")]
    assert sorted(made()) == sorted([APP, WEBHOOKS, TRIGGER, SUPPRESS, *actions])


def test_the_app_asks_for_every_scope_and_returns_to_us() -> None:
    oauth = made()[APP]["oauth"]
    assert oauth == {
        "allowedScopes": [scope["scope"] for scope in content()["scopes"]],
        "redirectUris": ["https://calls.example.com/oauth/callback"],
        "defaults": {"clientKey": None, "redirectUrl": None},
        "clientKeys": [],
    }


def test_the_app_is_for_sub_accounts_and_installed_by_everyone() -> None:
    listing = made()[APP]["listing"]
    assert (listing["userTypes"], listing["isAgencyBulkInstallEnabled"]) == (["Location"], True)


def test_an_app_that_agencies_only_install_is_for_both() -> None:
    document = changed(put("listing.installer", "agency-only"))
    assert files(manifest(document), PLACE, {})[APP]["listing"]["userTypes"] == ["Location", "Company"]


def test_only_events_that_a_scope_unlocks_are_subscribed_to() -> None:
    webhooks = made()[WEBHOOKS]
    assert webhooks["webhookUrl"] == "https://calls.example.com/crm/events"
    assert {"name": "NoteCreate"} in webhooks["subscribedEvents"]
    assert {"name": "INSTALL"} not in webhooks["subscribedEvents"]


def test_events_that_come_by_themselves_stay_where_the_portal_has_them() -> None:
    there = {"name": "INSTALL", "url": "https://x.example"}
    before = {WEBHOOKS: {"subscribedEvents": [there, {"name": "OrderCreate"}]}}
    kept = made(before)[WEBHOOKS]["subscribedEvents"]
    assert there in kept
    assert {"name": "OrderCreate"} not in kept


def test_a_trigger_is_subscribed_to_with_the_secret_in_no_file() -> None:
    assert version(TRIGGER)["subscriptionConfig"] == {
        "url": "https://calls.example.com/crm/triggers",
        "headers": HEADERS,
    }


def test_an_action_is_posted_to_its_own_address() -> None:
    assert version(SUPPRESS)["executionConfig"] == {
        "type": "API",
        "url": "https://calls.example.com/crm/actions/suppress_redial",
        "method": "POST",
        "headers": HEADERS,
        "pauseExecution": False,
    }


def test_an_action_shows_what_is_to_be_filled_in() -> None:
    (hours,) = version(SUPPRESS)["inputs"]
    assert (hours["field"], hours["fieldType"], hours["required"], hours["value"]) == ("hours", "numerical", True, "48")


def test_each_field_is_a_variable_of_the_type_it_has() -> None:
    shown = {one["reference"]: one["fieldType"] for one in version(TRIGGER)["customVars"]}
    assert (shown["talk_s"], shown["disposition"]) == ("numerical", "string")
    assert set(shown) == set(version(TRIGGER)["customVarsJson"])


def test_a_list_and_a_truth_are_variables_too() -> None:
    document = changed(put("workflow.actions.0.sampleAnswer", {"status": ["a"], "number": True, "until": 1.5}))
    (only,) = files(manifest(document), PLACE, {})[SUPPRESS]["versions"]
    assert [one["fieldType"] for one in only["customVars"]] == ["array", "boolean", "numerical"]


def test_a_new_module_starts_as_a_draft_of_the_first_version() -> None:
    document = changed(put("workflow.actions.0.version", "2.1"))
    (only,) = files(manifest(document), PLACE, {})[SUPPRESS]["versions"]
    assert (only["version"], only["status"]) == ("1.0", "draft")


def test_what_the_portal_owns_stays() -> None:
    owned = {
        "$schema": "./.ghl/schemas/ghl-app.schema.json",
        "appId": "theirs",
        "versionId": "v7",
        "createdAt": "2026-06-17T00:00:00.000Z",
        "version": "2.0.0",
        "status": "live",
        "supportConfig": {"supportEmail": "help@example.com"},
        "basicInfo": {"companyName": "Example", "logoUrl": "https://x.example/l.png", "name": "Old name"},
        "oauth": {
            "clientKeys": [{"id": "k", "name": "n", "isDefault": True}],
            "defaults": {"clientKey": "k", "redirectUrl": "https://old.example/cb"},
        },
        "review": {"endToEndDemoUrl": "https://x.example/demo"},
    }
    app = made({APP: owned})[APP]
    for name in ("$schema", "appId", "versionId", "createdAt", "version", "status", "supportConfig"):
        assert app[name] == owned[name]
    assert (app["basicInfo"]["companyName"], app["basicInfo"]["name"]) == ("Example", "Ringback")
    assert app["review"]["endToEndDemoUrl"] == "https://x.example/demo"
    assert app["oauth"]["clientKeys"] == [{"id": "k", "name": "n", "isDefault": True}]


def test_a_default_redirect_that_is_gone_is_none_any_more() -> None:
    before = {APP: {"oauth": {"defaults": {"clientKey": "k", "redirectUrl": "https://old.example/cb"}}}}
    assert made(before)[APP]["oauth"]["defaults"] == {"clientKey": "k", "redirectUrl": None}


def test_writing_again_changes_nothing() -> None:
    once = made()
    assert made(once) == once


def test_of_a_module_in_the_portal_only_the_draft_is_written() -> None:
    published = {"version": "1.0", "status": "published", "info": {"name": "x"}}
    begun = {"version": "1.1", "status": "draft", "info": {"name": "x", "icon": "phone"}}
    after = draft(
        "k",
        {"version": "1.0", "status": "draft", "info": {"name": "y"}},
        {
            "templateId": "t",
            "versions": [begun, published],
        },
    )
    assert after["templateId"] == "t"
    assert after["versions"] == [
        {"version": "1.1", "status": "draft", "info": {"name": "y", "icon": "phone"}},
        published,
    ]


def test_a_module_without_a_draft_cannot_be_changed() -> None:
    assert is_frozen({"templateId": "t", "versions": [{"status": "published"}]})
    assert not is_frozen({"templateId": "t", "versions": [{"status": "published"}, {"status": "draft"}]})
    assert not is_frozen({})


def test_what_only_the_publisher_knows_is_named() -> None:
    app = made()[APP]
    assert list(unfilled(app)) == [
        "basicInfo.companyName",
        "supportConfig.supportEmail or supportPhone",
        "review.endToEndDemoUrl",
        "review.scopesDemoUrl",
    ]


def test_nothing_is_missing_where_all_is_filled_in() -> None:
    app = made()[APP]
    app["basicInfo"]["companyName"] = "Example"
    app["supportConfig"] = app["supportConfig"] | {"supportPhone": "+1 415 555 0100"}
    app["review"] |= {"endToEndDemoUrl": "https://x.example", "scopesDemoUrl": "https://x.example"}
    assert list(unfilled(app)) == []


FIELDS = {
    APP: "schemaVersion appId versionId version status appType basicInfo listing profiles oauth supportConfig billing "
    "review",
    WEBHOOKS: "schemaVersion appId versionId webhookUrl subscribedEvents",
    TRIGGER: "schemaVersion key versions",
    SUPPRESS: "schemaVersion key versions",
}


@pytest.mark.parametrize("path", FIELDS)
def test_a_file_has_just_the_fields_that_the_vendor_knows(path: str) -> None:
    """Its CLI refuses a file with others, and one that lacks any of these."""
    assert " ".join(made()[path]) == FIELDS[path]


def test_a_version_has_just_the_fields_that_the_vendor_knows() -> None:
    both = "version status info"
    assert " ".join(version(TRIGGER)) == f"{both} customVarsJson filters customVars subscriptionConfig"
    assert " ".join(version(SUPPRESS)) == (
        f"{both} inputs customVarsJson customVars executionConfig payloadCustomizationType"
    )


def test_a_file_is_named_after_its_key() -> None:
    (trigger,) = manifest(content()).workflow.triggers
    assert highlevel.module_path("triggers", trigger) == TRIGGER
