"""`/crm/triggers` and `/crm/actions/{key}`: where the CRM's workflow builder asks, with a secret in a fixed header."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Final, TypeVar

import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from connector.api.route import Refusal, unfit
from connector.crm.errors import CrmError, UnauthorizedError
from connector.problem import problem
from connector.store import StoreError
from connector.workflow.asked import ActionCall, TriggerCall
from mappings.problems import problems_of
from oauth.refusal import GrantError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.workflow.actions import Actions
    from connector.workflow.subscriptions import Subscriptions

log = structlog.get_logger()

M = TypeVar("M", bound=BaseModel)

TRIGGERS: Final = "/crm/triggers"
ACTIONS: Final = "/crm/actions/{key}"
HEADER: Final = "X-Ringback-Secret"
"""The fixed header that is set in the CRM's portal, the same for triggers and actions."""
LONGEST: Final = 64 * 1024
"""Bytes of a body: what workflows send is a few kB."""
SOON_S: Final = 8.0
"""How long an action may take: a workflow waits for it, and the CRM says nowhere how long it does."""
RETRY_AFTER_S: Final = 10

_NOBODY: Final = b"a secret nobody has: it only takes the same time to check"
_UNAUTHORIZED: Final = (
    f"The header {HEADER} is missing or wrong, or RINGBACK_WORKFLOW_SECRET is not set on this installation. Nothing "
    "was kept or done. Set both to the same long random text."
)


def routes(subscriptions: Subscriptions, actions: Actions, secret: str | None) -> list[web.AbstractRouteDef]:
    """The routes; without a secret nobody gets in."""

    async def trigger(request: web.Request) -> web.StreamResponse:
        async def answer() -> bytes:
            return orjson.dumps(await subscriptions.tell(await _read(request, TriggerCall)))

        return await _serve(request, secret, answer)

    async def action(request: web.Request) -> web.StreamResponse:
        async def answer() -> bytes:
            return await actions.do(request.match_info["key"], await _read(request, ActionCall))

        return await _serve(request, secret, answer)

    return [web.post(TRIGGERS, trigger), web.post(ACTIONS, action)]


async def _serve(request: web.Request, secret: str | None, answer: Callable[[], Awaitable[bytes]]) -> web.Response:
    if not _proven(request.headers.get(HEADER, ""), secret):
        refused = problem(401, "Unauthorized", _UNAUTHORIZED)
        refused.headers["WWW-Authenticate"] = HEADER
        return refused
    try:
        async with asyncio.timeout(SOON_S):
            return web.Response(body=await answer(), content_type="application/json")
    except Refusal as refusal:
        return problem(
            refusal.status, refusal.title, refusal.detail, fields=refusal.fields, retry_after_s=refusal.retry_after_s
        )
    except StoreError as error:
        return _later(request, f"the database cannot be used just now ({error})")
    except UnauthorizedError as error:
        return _later(request, f"the CRM does not accept this sub-account's token ({error}): connect it again")
    except TimeoutError:
        return _later(request, f"it took longer than {SOON_S:g} s, most likely because the CRM does not answer")
    except (CrmError, GrantError, LookupError) as error:
        return _later(request, f"the CRM cannot be asked for the contact just now ({error})")


def _proven(given: str, secret: str | None) -> bool:
    """Whether the header holds our secret; takes the same time whatever it holds, also where there is none."""
    same = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode() if secret else _NOBODY)
    return same and bool(secret)


def _later(request: web.Request, why: str) -> web.Response:
    log.error("a workflow was not answered", why=why, path=request.path)
    return problem(
        503,
        "Cannot be done now",
        f"Nothing is certain to have been done: {why}. Ask again.",
        retry_after_s=RETRY_AFTER_S,
    )


async def _read(request: web.Request, model: type[M]) -> M:
    if request.content_type != "application/json":
        raise Refusal(415, "Unsupported media type", "The body must be application/json. Nothing was done.")
    if (request.content_length or 0) > LONGEST:
        raise _too_large()
    raw = await request.read()
    if len(raw) > LONGEST:
        raise _too_large()
    try:
        return model.model_validate(orjson.loads(raw))
    except orjson.JSONDecodeError:
        raise Refusal(400, "Bad request", "The body is not JSON. Nothing was done.") from None
    except ValidationError as error:
        raise unfit(problems_of(error)) from None


def _too_large() -> Refusal:
    return Refusal(413, "Too large", f"The body is larger than {LONGEST} bytes. Nothing was done.")
