"""Where the manifest and the code disagree, and what is said of it: where, what, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.manifest.agreement import disagreements
from connector.manifest.code import Code, code
from connector.manifest.finding import Finding
from connector.manifest.read import content
from tests.connector.manifests import REVIEW, TRIGGER, action, add, changed, manifest, out, put

if TYPE_CHECKING:
    from tests.connector.manifests import Change


@pytest.fixture(scope="module")
def ours() -> Code:
    """Built once: it opens a store."""
    return code()


CODE: list[tuple[Change, Finding]] = [
    (
        put("version", "9.9.9"),
        Finding("version", "says 9.9.9; the code says 0.1.0", "write 0.1.0, or change the code."),
    ),
    (
        put("scopes.1.verbs.add_note", "2021-04-15"),
        Finding(
            "scopes[1].verbs.add_note",
            "says 2021-04-15; the code says 2021-07-28",
            "write 2021-07-28, or change the code.",
        ),
    ),
    (
        put("scopes.0.verbs.add_note", "2021-07-28"),
        Finding(
            "scopes[0].verbs.add_note",
            "needs the scope contacts.write, not contacts.readonly",
            "put it under contacts.write.",
        ),
    ),
    (
        put("scopes.0.verbs.add_note", "2021-07-28"),
        Finding("scopes[1].verbs.add_note", "is under contacts.readonly too", "leave it where it belongs only."),
    ),
    (
        put("scopes.0.verbs.sing", "2021-07-28"),
        Finding(
            "scopes[0].verbs.sing",
            "is no verb that the client has",
            "take it out; a scope left without verbs, too.",
        ),
    ),
    (
        out("scopes.1.verbs.enrol"),
        Finding(
            "scopes",
            "the client sends enrol, and no scope has it",
            "put it under contacts.write, and say which feature needs it.",
        ),
    ),
    (
        out("scopes.15.agency"),
        Finding("scopes[15].verbs.mint_token", "is sent with an agency's token", 'write "agency": true at its scope.'),
    ),
    (
        put("webhooks.path", "/crm/happenings"),
        Finding(
            "webhooks.path",
            "the service has no route POST /crm/happenings",
            "correct the path, or build the route.",
        ),
    ),
    (
        put("workflow.subscriptionPath", "/crm/events"),
        Finding("", "the route /crm/triggers is nowhere in the manifest", "say what the CRM calls it for."),
    ),
    (
        add("pages", {"path": "/nowhere", "title": "Calls", "placement": "both", "sso": True}),
        Finding("pages[1].path", "the service has no route GET /nowhere", "correct the path, or build the route."),
    ),
    (
        out("webhooks.events.0"),
        Finding("webhooks.events", "INSTALL is missing: it is an event that is acted on", "add it."),
    ),
    (
        add("webhooks.events", {"name": "OrderCreate", "feature": "x"}),
        Finding("webhooks.events", "OrderCreate is not an event that is acted on", "take it out, or build it."),
    ),
    (
        put("webhooks.events.2.scope", "invoices.readonly"),
        Finding(
            "webhooks.events[2].scope",
            "ContactCreate comes only with invoices.readonly, which is not asked for",
            "add that scope with its feature, or leave the event out.",
        ),
    ),
    (
        put("workflow.header", "X-Secret"),
        Finding(
            "workflow.header",
            "says X-Secret; the code says X-Ringback-Secret",
            "write X-Ringback-Secret, or change the code.",
        ),
    ),
    (
        out("workflow.triggers.0"),
        Finding("workflow.triggers", "call_outcome is missing: it is a trigger", "add it."),
    ),
    (
        add("workflow.actions", action(key="sing")),
        Finding("workflow.actions", "sing is not an action", "take it out, or build it."),
    ),
    (
        add("workflow.actions", action()),
        Finding("workflow.actions", "send_to_review is listed twice", "leave one out."),
    ),
    (
        out("workflow.triggers.0.samplePayload.agent"),
        Finding(f"{TRIGGER}.samplePayload", "agent is missing: it is a field that is sent", "add it."),
    ),
    (
        put("workflow.triggers.0.samplePayload.sip", "200"),
        Finding(f"{TRIGGER}.samplePayload.sip", "is a text, and a number is sent", "write a value such as 200."),
    ),
    (
        out("workflow.triggers.0.filters.2.options.0"),
        Finding(f"{TRIGGER}.filters[2].options", "direction is one of inbound, outbound", "offer exactly these."),
    ),
    (
        put("workflow.actions.1.inputs.0.required", value=True),
        Finding(f"{REVIEW}.inputs[0].required", "reason need not be there", 'write "required": false.'),
    ),
    (
        put("workflow.actions.1.inputs.0.field", "why"),
        Finding(f"{REVIEW}.inputs", "reason is missing: it is a value that the action reads", "add it."),
    ),
    (
        put("workflow.actions.1.samplePayload.data", {}),
        Finding(f"{REVIEW}.samplePayload.data", "reason is missing: it is a value that the action reads", "add it."),
    ),
    (
        out("workflow.actions.1.sampleAnswer.status"),
        Finding(f"{REVIEW}.sampleAnswer", "status is missing: it is a field that is sent", "add it."),
    ),
    (
        put("settings.0.name", "RINGBACK_COLOUR"),
        Finding("settings[0].name", "there is no setting RINGBACK_COLOUR", "correct the name."),
    ),
    (
        put("settings.2.secret", value=False),
        Finding("settings[2].secret", "RINGBACK_CLIENT_SECRET is marked wrongly", 'write "secret": true.'),
    ),
    (
        out("settings.4"),
        Finding(
            "workflow.headerSetting",
            "RINGBACK_WORKFLOW_SECRET is not among the settings",
            "list it there, for whoever installs.",
        ),
    ),
    (
        put("conversationProviders.0.setting", "provider"),
        Finding(
            "conversationProviders[0].setting",
            "provider is not among the settings",
            "list it there, for whoever installs.",
        ),
    ),
    (
        add("capabilities", "sing"),
        Finding("capabilities", "sing is not a kind of step that rules have", "take it out, or build it."),
    ),
    (
        put("oauth.hosts.standard", "https://x.example"),
        Finding(
            "oauth.hosts.standard",
            "says https://x.example; the code says https://marketplace.gohighlevel.com",
            "write https://marketplace.gohighlevel.com, or change the code.",
        ),
    ),
    (
        put("limits.daily", 1),
        Finding("limits.daily", "says 1; the code says 200000", "write 200000, or change the code."),
    ),
]


@pytest.mark.parametrize(("change", "said"), CODE, ids=[f"{said.where} {said.what}" for _, said in CODE])
def test_what_the_code_does_not_do_is_said(change: Change, said: Finding, ours: Code) -> None:
    assert said in list(disagreements(manifest(changed(change)), ours))


def test_nothing_is_said_of_a_manifest_that_is_true(ours: Code) -> None:
    """Without this, the others could find what is always there."""
    assert list(disagreements(manifest(content()), ours)) == []
