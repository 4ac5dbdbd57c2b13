"""The same twelve things, done by one client after another, each with a CRM of its own that has not seen any of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.seed import furnish
from connector.sandbox.state import Sandbox
from tests.sdk.recorder import Sent, recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from connector.sandbox.state import Contact

LOCATION = "SandboxLocation00001"
PRIVATE = "pit-sandbox"
CONTACT = "SandboxContact000001"
NUMBER = "+14155550111"
REDIRECT = "http://127.0.0.1/oauth/callback"
COMPANY = "SandboxAgency"
VERBS = (
    "get_contact",
    "find_contact",
    "create_contact",
    "add_note",
    "add_tags",
    "remove_tags",
    "enrol",
    "create_task",
    "exchange",
    "refresh",
    "location_token",
    "installed_locations",
)


class Client(Protocol):
    """One client of the CRM's API."""

    async def do(self, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Do it; the CRM's answer, or `{"error": ...}`."""


class Made(Protocol):
    """Makes a client of the CRM at this address."""

    def __call__(self, url: str) -> AbstractAsyncContextManager[Client]:
        """The client, while it lives."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one client sent for a verb, and the trouble it had with the answer, if any."""

    verb: str
    sent: tuple[Sent, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class Played:
    """Every verb, and what there is of it in the CRM afterwards."""

    done: tuple[Done, ...]
    left: Sequence[dict[str, Any]]


async def play(made: Made) -> Played:
    """Every verb once."""
    sandbox = Sandbox(rate="off", search_lag_ms=0)
    location = furnish(sandbox, LOCATION, token=PRIVATE)
    workflow = next(one["id"] for one in location.workflows.values() if one["status"] == "published")
    async with recording(sandbox) as (url, sent), made(url) as client:
        await _seed(url)
        secrets = {PRIVATE: "<private token>", DEFAULT_CLIENT_SECRET: "<client secret>"}
        done = []
        code = sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=REDIRECT, locations=[LOCATION], bulk=True)
        tokens = {"code": code}
        for verb in VERBS:
            before = len(sent)
            answer = await client.do(verb, _asked(verb, workflow, tokens))
            secrets |= {value: f"<{name}>" for name, value in tokens.items()}
            arrived = tuple(one.named(secrets) for one in sent[before:])
            done.append(Done(verb, arrived, answer.get("error")))
            if verb in {"exchange", "refresh"}:
                tokens |= _tokens(answer)
        return Played(tuple(done), [_left(one) for one in sandbox.locations[LOCATION].contacts.values()])


def _left(contact: Contact) -> dict[str, Any]:
    """A contact and what hangs on it, without ids and times of making."""
    return {
        "name": contact.name,
        "phone": contact.fields.get("phone"),
        "tags": sorted(contact.tags),
        "notes": [note["body"] for note in contact.notes.values()],
        "tasks": [
            {name: task[name] for name in ("title", "body", "dueDate", "completed")} for task in contact.tasks.values()
        ],
        "enrolled": [one.asked for one in contact.enrolments.values()],
    }


async def _seed(url: str) -> None:
    known = {"location": LOCATION, "contacts": [{"id": CONTACT, "name": "Ada Moreno", "phone": NUMBER}]}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/_sandbox/contacts", json=known) as answer:
        answer.raise_for_status()


def _tokens(answer: dict[str, Any]) -> dict[str, str]:
    """An answer of the token endpoint, in either spelling."""
    return {
        "access token": str(answer.get("access_token") or answer.get("accessToken")),
        "refresh token": str(answer.get("refresh_token") or answer.get("refreshToken")),
    }


def _asked(verb: str, workflow: str, tokens: dict[str, str]) -> dict[str, Any]:
    """What a verb needs to know; the same for every client but for the tokens it was given."""
    app = {"client_id": DEFAULT_CLIENT_ID, "client_secret": DEFAULT_CLIENT_SECRET}
    agency = {"company": COMPANY, "token": tokens.get("access token", ""), **app}
    needs: dict[str, dict[str, Any]] = {
        "get_contact": {"contact": CONTACT},
        "find_contact": {"location": LOCATION, "number": NUMBER},
        "create_contact": {"location": LOCATION, "phone": "+14155550112", "name": "Ben Okafor"},
        "add_note": {"contact": CONTACT, "body": "Outbound call · No Answer\nCall ID: sdk-1"},
        "add_tags": {"contact": CONTACT, "tags": ["call-no-answer", "call-attempt-1"]},
        "remove_tags": {"contact": CONTACT, "tags": ["call-attempt-1"]},
        "enrol": {"contact": CONTACT, "workflow": workflow},
        "create_task": {
            "contact": CONTACT,
            "title": "Call back",
            "body": "Nobody answered",
            "due_ms": 1_796_137_200_000,
        },
        "exchange": {**app, "code": tokens["code"], "redirect_uri": REDIRECT, "kind": "Company"},
        "refresh": {**app, "refresh_token": tokens.get("refresh token", ""), "kind": "Company"},
        "location_token": {**agency, "location": LOCATION},
        "installed_locations": {**agency, "app": DEFAULT_APP.app_id, "limit": 100},
    }
    return needs[verb]
