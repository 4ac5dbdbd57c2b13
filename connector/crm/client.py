"""The CRM's verbs, each for one sub-account: token, turn, request, verdict, value."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from connector.crm import answers, wire
from connector.crm.errors import (
    ContactGoneError,
    DuplicateContactError,
    InDoubtError,
    NotSentError,
    ThrottledError,
)
from connector.crm.verdict import classify, limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import TypeAlias

    from tenacity.wait import WaitBaseT

    from connector.crm.model import Contact, LocationInfo, Note, Request, Response, Task, Workflow
    from connector.crm.pace import Pace
    from connector.crm.seam import Tokens, Transport

    OnRequest: TypeAlias = Callable[[str, Request, int | None, float], None]
    """`(location, request, status or None, seconds)`, called once for each request that was tried."""

_ATTEMPTS: Final = 3
_BUMP_S: Final = 3.0
"""Longer trouble than this is no bump: it becomes a stored due time."""
_WAIT: Final = wait_random_exponential(multiplier=0.25, max=1.5)


def _unheard(_location: str, _request: Request, _status: int | None, _seconds: float) -> None:
    """Nobody listens."""


class Crm:
    """The CRM as seen by whoever delivers. All verbs raise `CrmError`s, and what the token's keeper raises.

    A bump (never sent; or in doubt and repeatable) is tried again here, three times and three seconds in all.
    A write in doubt that is not repeatable is never repeated here: read back first.
    """

    def __init__(
        self,
        transport: Transport,
        tokens: Tokens,
        pace: Pace,
        *,
        on_request: OnRequest = _unheard,
        wait: WaitBaseT = _WAIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._pace = pace
        self._on_request = on_request
        self._wait = wait
        self._sleep = sleep
        self._clock = clock
        self._now_s = now_s
        self._troubled: set[str] = set()

    async def find_contact(self, location: str, number: str) -> Contact | None:
        """The contact of this number (E.164), or None."""
        try:
            return answers.found_contact(await self._ask(location, wire.find_contact(location, number)))
        except ContactGoneError:
            # What the CRM answers when it knows nobody is not documented; this is how it says so elsewhere.
            return None

    async def get_contact(self, location: str, contact_id: str) -> Contact:
        """The contact with its tags; ContactGoneError if there is none."""
        return answers.contact(await self._ask(location, wire.get_contact(contact_id)))

    async def create_contact(self, location: str, phone: str, name: str | None = None) -> Contact:
        """A new contact of this number (E.164), or the one it has where duplicates are forbidden."""
        try:
            return answers.contact(await self._ask(location, wire.create_contact(location, phone, name)))
        except DuplicateContactError as twin:
            return await self.get_contact(location, twin.contact_id)

    async def add_note(self, location: str, contact_id: str, body: str) -> str:
        """Write a note (plain text); its id."""
        return answers.note_id(await self._ask(location, wire.add_note(contact_id, body)))

    async def list_notes(self, location: str, contact_id: str) -> list[Note]:
        """All notes of the contact."""
        return answers.notes(await self._ask(location, wire.list_notes(contact_id)))

    async def update_note(self, location: str, contact_id: str, note_id: str, body: str) -> str:
        """Replace a note's text; its id."""
        return answers.note_id(await self._ask(location, wire.update_note(contact_id, note_id, body)))

    async def add_tags(self, location: str, contact_id: str, tags: Iterable[str]) -> tuple[str, ...]:
        """Add tags; all tags afterwards, as far as the CRM lists them."""
        return answers.tags(await self._ask(location, wire.add_tags(contact_id, tags)))

    async def remove_tags(self, location: str, contact_id: str, tags: Iterable[str]) -> tuple[str, ...]:
        """Take tags off; all tags afterwards, as far as the CRM lists them."""
        return answers.tags(await self._ask(location, wire.remove_tags(contact_id, tags)))

    async def enrol(self, location: str, contact_id: str, workflow_id: str) -> None:
        """Put the contact into a workflow: accepted, which is all the CRM tells."""
        answers.accepted(await self._ask(location, wire.enrol(contact_id, workflow_id)))

    async def unenrol(self, location: str, contact_id: str, workflow_id: str) -> None:
        """Take the contact out of a workflow."""
        answers.accepted(await self._ask(location, wire.unenrol(contact_id, workflow_id)))

    async def create_task(
        self,
        location: str,
        contact_id: str,
        title: str,
        *,
        due_ms: int,
        body: str | None = None,
        assigned_to: str | None = None,
    ) -> str:
        """Make an open task due at `due_ms` (epoch milliseconds); its id."""
        request = wire.create_task(contact_id, title, due_ms=due_ms, body=body, assigned_to=assigned_to)
        return answers.task_id(await self._ask(location, request))

    async def list_tasks(self, location: str, contact_id: str) -> list[Task]:
        """All tasks of the contact."""
        return answers.tasks(await self._ask(location, wire.list_tasks(contact_id)))

    async def get_location(self, location: str) -> LocationInfo:
        """The sub-account's name, time zone and country."""
        return answers.location_info(await self._ask(location, wire.get_location(location)))

    async def list_workflows(self, location: str) -> list[Workflow]:
        """The sub-account's workflows, drafts included."""
        return answers.workflows(await self._ask(location, wire.list_workflows(location)))

    async def _ask(self, location: str, request: Request) -> Response:
        """A successful answer; tenacity is woken only by a bump (it costs 28 us a call, measured)."""
        began = self._clock()
        try:
            response = await self._once(location, request)
        except (NotSentError, InDoubtError) as bump:
            left_s = _BUMP_S - (self._clock() - began)
            # Where nothing has come through since the last bump it is no bump: ask once, and leave it to the schedule.
            longer = location in self._troubled
            self._troubled.add(location)
            if longer or left_s <= 0 or not _is_bump(bump, request):
                raise
            response = await self._again(location, request, bump, left_s)
        if self._troubled:
            self._troubled.discard(location)
        return response

    async def _again(self, location: str, request: Request, bump: Exception, left_s: float) -> Response:
        """Try on after the first failure, which tenacity is shown as its own first attempt."""
        failed = [bump]

        async def attempt() -> Response:
            if failed:
                raise failed.pop()
            return await self._once(location, request)

        return await AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(left_s),
            wait=self._wait,
            sleep=self._sleep,
            retry=retry_if_exception(lambda error: _is_bump(error, request)),
            reraise=True,
        )(attempt)

    async def _once(self, location: str, request: Request) -> Response:
        token = await self._tokens.access_token(location)
        await self._pace.turn(location, request.verb)
        try:
            response = await self._send(location, request, token)
        finally:
            self._pace.ended(location)
        self._pace.learn(location, limits(response.headers))
        try:
            classify(request, response, now_s=self._now_s())
        except ThrottledError as slow:
            self._pace.hold(location, slow.retry_after_s)
            raise
        return response

    async def _send(self, location: str, request: Request, token: str) -> Response:
        status = None
        began = self._clock()
        try:
            response = await self._transport.send(request, token=token)
            status = response.status
        finally:
            self._on_request(location, request, status, self._clock() - began)
        return response


def _is_bump(error: BaseException, request: Request) -> bool:
    return isinstance(error, NotSentError) or (request.repeatable and isinstance(error, InDoubtError))
