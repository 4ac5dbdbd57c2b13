"""A CRM in memory, behind the connector's transport seam: what it does with each request is decided beforehand."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from connector.crm.errors import InDoubtError, NotSentError
from connector.crm.model import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.crm.model import Request

LATE_S = 3
"""How long after the connector gave up on it a late write takes effect: less than the connector lets it settle."""
MARKER = "Call ID: "


class Fate(StrEnum):
    """What becomes of one request."""

    ANSWERED = "answered"
    NEVER_SENT = "never sent"
    UNAVAILABLE = "503, not done"
    LOST = "no answer, not done"
    DONE_UNSEEN = "done, no answer"
    DONE_LATE = "no answer, done later"
    DONE_500 = "done, 500"
    GARBLED = "done, an answer nobody can read"
    THROTTLED = "429"
    REFUSED = "422"
    DELETED = "its contact was deleted a moment ago"
    MERGED = "its contact was merged into another one a moment ago"


@dataclass
class Person:
    """A contact: the calls noted on it, in their order; its tags and tasks; how often it was to be enrolled."""

    id: str
    phone: str
    calls: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    tasks: list[str] = field(default_factory=list)
    """The last line of each task's body."""
    asked: int = 0


@dataclass
class Account:
    """A sub-account: its contacts by id, and those that are gone as they were then."""

    living: dict[str, Person] = field(default_factory=dict)
    gone: list[Person] = field(default_factory=list)
    asked: int = 0

    def find(self, phone: str) -> Person | None:
        """Who has this number."""
        return next((person for person in self.living.values() if person.phone == phone), None)

    def ever(self) -> Iterator[Person]:
        """Everybody who is or was."""
        yield from self.living.values()
        yield from self.gone


class ModelCrm:
    """A `Transport` (connector/crm/seam.py); a token is the sub-account's id after "pit-"."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._ids = 0
        self._late: list[tuple[int, Callable[[], object]]] = []
        self._busy: set[tuple[str, str]] = set()
        self.accounts: dict[str, Account] = {}
        self.fates: deque[Fate] = deque()
        self.away = False
        self.revoked: set[str] = set()
        self.wrong: list[str] = []
        """What the connector must not do, and did."""

    async def send(self, request: Request, *, token: str) -> Response:
        """As `Transport.send`; others have their turn before and after it takes effect."""
        location = token.removeprefix("pit-")
        lane = location, self._number(self.accounts[location], request)
        if lane[1] and lane in self._busy:
            self.wrong.append(f"{request.verb}: a second request of {lane} at the same time")
        self._busy.add(lane)
        try:
            await asyncio.sleep(0)
            return self._answer(location, request)
        finally:
            await asyncio.sleep(0)
            self._busy.discard(lane)

    def catch_up(self) -> None:
        """Let take effect what was late and is due by now."""
        due = [write for at_ms, write in self._late if at_ms <= self._now_ms()]
        self._late = [late for late in self._late if late[0] > self._now_ms()]
        for write in due:
            write()

    def delete(self, location: str, phone: str) -> None:
        """Somebody deletes the contact."""
        account = self.accounts[location]
        person = account.find(phone)
        if person is not None:
            account.gone.append(account.living.pop(person.id))

    def merge(self, location: str, phone: str) -> None:
        """Somebody merges the contact into another one, which takes over its number and all that hangs on it."""
        person = self.accounts[location].find(phone)
        if person is not None:
            del self.accounts[location].living[person.id]
            person.id = self._new_id()
            self.accounts[location].living[person.id] = person

    def _number(self, account: Account, request: Request) -> str:
        """The number a request is about: its lane. Empty where it is about none."""
        if request.verb == "find_contact":
            return parse_qs(urlsplit(request.path).query)["number"][0]
        if request.verb == "create_contact":
            return str(orjson.loads(request.body or b"")["phone"])
        person = account.living.get(_contact_id(request))
        return "" if person is None else person.phone

    def _answer(self, location: str, request: Request) -> Response:
        self.catch_up()
        if self.away:
            return _refusal(503, "Service Unavailable")
        if location in self.revoked:
            return _refusal(401, "Invalid JWT")
        return self._suffer(self.fates.popleft() if self.fates else Fate.ANSWERED, location, request)

    def _suffer(self, fate: Fate, location: str, request: Request) -> Response:
        match fate:
            case Fate.NEVER_SENT:
                raise NotSentError(fate.value)
            case Fate.LOST:
                raise InDoubtError(fate.value)
            case Fate.DONE_LATE:
                at_ms = self._now_ms() + LATE_S * 1000
                self._late.append((at_ms, lambda: self._do(location, request)))
                raise InDoubtError(fate.value)
            case Fate.UNAVAILABLE:
                return _refusal(503, "Service Unavailable")
            case Fate.THROTTLED:
                return Response(429, {"retry-after": "7"}, b"{}")
            case Fate.REFUSED:
                return _refusal(422, "the fields are not as they should be")
            case Fate.DELETED | Fate.MERGED:
                vanish = self.delete if fate is Fate.DELETED else self.merge
                vanish(location, self._number(self.accounts[location], request))
                return self._do(location, request)
            case _:
                return self._done(fate, self._do(location, request))

    def _done(self, fate: Fate, answer: Response) -> Response:
        if fate is Fate.DONE_UNSEEN:
            raise InDoubtError(fate.value)
        if fate is Fate.DONE_500:
            return _refusal(500, "Internal server error")
        return Response(200, {}, b"<html>") if fate is Fate.GARBLED else answer

    def _do(self, location: str, request: Request) -> Response:
        """Without any fault."""
        account = self.accounts[location]
        match request.verb:
            case "get_location":
                return _said({"location": {"id": location, "timezone": "America/Chicago"}})
            case "find_contact":
                found = account.find(self._number(account, request))
                return _said({"contact": None if found is None else _shown(found)})
            case "create_contact":
                return self._create(account, self._number(account, request))
            case _:
                person = account.living.get(_contact_id(request))
                return _refusal(400, "Contact not found") if person is None else self._write(account, person, request)

    def _create(self, account: Account, phone: str) -> Response:
        twin = account.find(phone)
        if twin is not None:
            return _refusal(400, "This location does not allow duplicated contacts.", meta={"contactId": twin.id})
        person = Person(self._new_id(), phone)
        account.living[person.id] = person
        return _said({"contact": _shown(person)}, 201)

    def _write(self, account: Account, person: Person, request: Request) -> Response:
        asked = orjson.loads(request.body or b"{}")
        match request.verb:
            case "get_contact" | "list_notes" | "list_tasks":
                return _said(_read(person))
            case "add_note":
                person.bodies.append(asked["body"])
                person.calls.append(asked["body"].rpartition(MARKER)[2])
                return _said({"note": {"id": self._new_id()}}, 201)
            case "create_task":
                person.tasks.append(asked["body"].splitlines()[-1])
                return _said({"task": _task(self._new_id(), person.tasks[-1])}, 201)
            case "add_tags":
                person.tags.update(asked["tags"])
                return _said({"tags": sorted(person.tags)}, 201)
            case "remove_tags":
                person.tags.difference_update(asked["tags"])
                return _said({"tags": sorted(person.tags)})
            case "unenrol":
                return _said({"succeeded": True})
            case "enrol":
                person.asked += 1
                account.asked += 1
                return _said({"succeeded": True})
            case _:
                self.wrong.append(f"{request.verb}: nothing in these rule books asks for it")
                return _refusal(404, "Cannot do that")

    def _new_id(self) -> str:
        self._ids += 1
        return f"id{self._ids}"


def _contact_id(request: Request) -> str:
    parts = urlsplit(request.path).path.split("/")
    return unquote(parts[2]) if parts[1] == "contacts" else ""


def _read(person: Person) -> dict[str, Any]:
    """All there is of a person: each verb finds its own."""
    return {
        "contact": _shown(person),
        "notes": [{"id": f"n{n}", "body": body} for n, body in enumerate(person.bodies)],
        "tasks": [_task(f"t{n}", line) for n, line in enumerate(person.tasks)],
    }


def _task(task_id: str, body: str) -> dict[str, Any]:
    return {"id": task_id, "title": "Call back", "body": body, "dueDate": "2026-09-23T15:00:00Z", "completed": False}


def _shown(person: Person) -> dict[str, Any]:
    return {"id": person.id, "phone": person.phone, "tags": sorted(person.tags)}


def _said(payload: dict[str, Any], status: int = 200) -> Response:
    return Response(status, {}, orjson.dumps(payload))


def _refusal(status: int, message: str, **more: Any) -> Response:
    return _said({"statusCode": status, "message": message, **more}, status)
