"""The control routes under /_sandbox.

Register sub-accounts, seed contacts, order faults, read everything back.

They ask for no credentials: there is nothing behind them but invented data, and the server listens on the
loopback address unless told otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from connector.sandbox.bodies import ContactUpdate
from connector.sandbox.contacts import add as add_contact
from connector.sandbox.contacts import contact_json
from connector.sandbox.exchange import Refusal, violations
from connector.sandbox.faults import Fault
from connector.sandbox.locations import make_field
from connector.sandbox.opportunities import make_pipeline
from connector.sandbox.report import report
from connector.sandbox.seed import MOST_CONTACTS, seed_contacts, user, workflow
from connector.sandbox.triggers import make_trigger

if TYPE_CHECKING:
    from connector.sandbox.state import Location, Record, Sandbox

OrderT = TypeVar("OrderT", bound=BaseModel)


class Order(BaseModel):
    """A control body, as strict about names as the API's."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Workflow(Order):
    """A draft takes nobody in; only with `allowReentry` does one take the same contact in twice."""

    id: str
    name: str = ""
    status: Literal["published", "draft"] = "published"
    allow_reentry: bool = False


class Token(Order):
    """A token, with some scopes only or (None) with all."""

    token: str
    scopes: list[str] | None = None


class User(Order):
    """One who works in the sub-account."""

    id: str
    name: str
    email: str = ""
    phone: str = ""
    extension: str = ""


class Stage(Order):
    """A pipeline's stage."""

    id: str
    name: str = ""


class Pipeline(Order):
    """A pipeline, its stages in their order."""

    id: str
    name: str = ""
    stages: list[Stage] = Field(min_length=1)


class Trigger(Order):
    """A custom trigger in somebody's workflow; one that is not active any more refuses to be fired."""

    id: str
    active: bool = True


class CustomField(Order):
    """A custom field to begin with."""

    name: str
    data_type: str = "TEXT"
    model: Literal["contact", "opportunity"] = "contact"


class Settings(Order):
    """The sub-account's settings, as GET /locations/{id} names them."""

    allow_duplicate_contact: bool = False


class Registration(Order):
    """POST /_sandbox/locations."""

    id: str
    name: str = ""
    timezone: str = "America/New_York"
    country: str = "US"
    company_id: str = "SandboxAgency"
    token: str | None = None
    tokens: list[Token] = Field(default_factory=list)
    workflows: list[Workflow] = Field(default_factory=list)
    users: list[User] = Field(default_factory=list)
    custom_fields: list[CustomField] = Field(default_factory=list)
    pipelines: list[Pipeline] = Field(default_factory=list)
    triggers: list[Trigger] = Field(default_factory=list)
    settings: Settings = Settings()


class SeededContact(ContactUpdate):
    """A contact as POST /contacts/ takes it, with an id of one's own if wanted."""

    id: str | None = None


class Seed(Order):
    """POST /_sandbox/contacts: these, and `count` invented ones."""

    location: str
    contacts: list[SeededContact] = Field(default_factory=list)
    count: int = Field(0, ge=0, le=MOST_CONTACTS)


def add(app: web.Application, sandbox: Sandbox) -> None:
    """Put the control routes into an application."""
    control = _Control(sandbox)
    app.router.add_post("/_sandbox/locations", control.locations)
    app.router.add_post("/_sandbox/contacts", control.contacts)
    app.router.add_post("/_sandbox/faults", control.faults)
    app.router.add_delete("/_sandbox/faults", control.no_faults)
    app.router.add_post("/_sandbox/reset", control.reset)
    app.router.add_get("/_sandbox/state", control.state)


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def locations(self, request: web.Request) -> web.Response:
        order = await read_order(request, Registration)
        location = _register(self._sandbox, order)
        fields = [{"id": one["id"], "fieldKey": one["fieldKey"]} for one in location.custom_fields.values()]
        return reply({"id": location.id, "customFields": fields}, status=201)

    async def contacts(self, request: web.Request) -> web.Response:
        order = await read_order(request, Seed)
        location = self._sandbox.locations.get(order.location)
        if location is None:
            return reply({"statusCode": 404, "message": f"no sub-account {order.location}"}, status=404)
        own = [_seed_one(self._sandbox, location, one) for one in order.contacts]
        invented = seed_contacts(self._sandbox, location, order.count)
        shown = own + [contact_json(one, location) for one in invented]
        return reply({"contacts": shown}, status=201)

    async def faults(self, request: web.Request) -> web.Response:
        fault = await read_order(request, Fault)
        self._sandbox.faults.arm(fault, now_ms=self._sandbox.clock_ms())
        return reply(fault.model_dump(), status=201)

    async def no_faults(self, _request: web.Request) -> web.Response:
        self._sandbox.faults.clear()
        return web.Response(status=204)

    async def reset(self, _request: web.Request) -> web.Response:
        self._sandbox.reset()
        return web.Response(status=204)

    async def state(self, request: web.Request) -> web.Response:
        location, log = request.query.get("location"), request.query.get("log") != "0"
        return reply(report(self._sandbox, location=location, log=log))


def _register(sandbox: Sandbox, order: Registration) -> Location:
    now = sandbox.now()
    location = sandbox.register(
        order.id,
        name=order.name,
        timezone=order.timezone,
        country=order.country,
        company_id=order.company_id,
        allow_duplicates=order.settings.allow_duplicate_contact,
        workflows=[
            workflow(order.id, one.id, one.name, one.status, now, allow_reentry=one.allow_reentry)
            for one in order.workflows
        ],
        users=[user(order.id, **one.model_dump(exclude={"id"}), user_id=one.id) for one in order.users],
    )
    for field in order.custom_fields:
        make_field(sandbox, location, field.name, field.data_type, field.model)
    for pipeline in order.pipelines:
        make_pipeline(location, pipeline.id, pipeline.name, [(stage.id, stage.name) for stage in pipeline.stages])
    for trigger in order.triggers:
        make_trigger(location, trigger.id, active=trigger.active)
    if order.token is not None:
        sandbox.grant(order.token, order.id)
    for token in order.tokens:
        sandbox.grant(token.token, order.id, token.scopes)
    return location


def _seed_one(sandbox: Sandbox, location: Location, person: SeededContact) -> Record:
    body = ContactUpdate.model_validate(person.model_dump(by_alias=True, exclude={"id"}, exclude_none=True))
    return contact_json(add_contact(sandbox, location, body, contact_id=person.id), location)


async def read_order(request: web.Request, model: type[OrderT]) -> OrderT:
    """The request's body as this order.

    Raises:
        HTTPUnprocessableEntity: it is none.
    """
    try:
        return model.model_validate_json(await request.read() or b"{}")
    except ValidationError as error:
        refusal = Refusal(422, violations(error))
        raise web.HTTPUnprocessableEntity(
            text=orjson.dumps(refusal.payload()).decode(), content_type="application/json"
        ) from None


def reply(payload: Record, *, status: int = 200) -> web.Response:
    """A control route's answer."""
    return web.Response(status=status, body=orjson.dumps(payload), content_type="application/json")
