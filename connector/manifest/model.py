"""The manifest's form; `Manifest.model_json_schema()` is docs/manifest.schema.json.

Names are those of the vendor's own files where there is one, and so are the lengths: its marketplace CLI (npm
@gohighlevel/marketplace-cli) checks the same before it sends anything.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from connector.manifest.finding import Finding
from connector.manifest.read import SCHEMA
from mappings.problems import problems_of


def _long(least: int, most: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        length = len(text.strip())
        if not least <= length <= most:
            raise ValueError(f"is {length} characters long; the portal takes {least} to {most}")
        return text

    return check


def _like(pattern: str) -> Any:
    return Field(pattern=f"^{pattern}$")


def _between(least: int, most: int) -> Any:
    return Field(json_schema_extra={"minLength": least, "maxLength": most})


Name: TypeAlias = Annotated[str, AfterValidator(_long(1, 50)), _between(1, 50)]
Title: TypeAlias = Annotated[str, AfterValidator(_long(1, 200)), _between(1, 200)]
Tagline: TypeAlias = Annotated[str, AfterValidator(_long(20, 170)), _between(20, 170)]
Description: TypeAlias = Annotated[str, AfterValidator(_long(300, 5000)), _between(300, 5000)]
Reason: TypeAlias = Annotated[str, AfterValidator(_long(1, 500)), _between(1, 500)]
Path: TypeAlias = Annotated[str, _like(r"(/[A-Za-z0-9_.{}-]+)+")]
"""Behind this installation's address; `{...}` stands for what differs."""
ModuleVersion: TypeAlias = Annotated[str, _like(r"\d{1,10}\.\d{1,10}")]
ApiVersion: TypeAlias = Annotated[str, _like(r"(\d{4}-\d{2}-\d{2}|v\d+)")]
Object: TypeAlias = dict[str, JsonValue]


class Part(BaseModel):
    """A part of the manifest. A field that is not known is refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )


class Listing(Part):
    """Who may install, and how the app is listed."""

    private: bool
    """Not shown in the public marketplace; installed by its link."""
    private_reason: Reason | None = None
    """Why it is private; the portal asks."""
    target: Literal["sub-account", "agency"]
    """Where it works; the portal never lets this be changed."""
    installer: Literal["everyone", "agency-only"]
    is_agency_bulk_install_enabled: bool
    """An agency's admin installs it in many sub-accounts at once."""
    is_white_label_friendly: bool
    """The CRM's brand appears in no text and no address."""


class Hosts(Part):
    """Where admins choose sub-accounts and consent."""

    standard: str
    white_label: str


class Oauth(Part):
    """The way of an installation."""

    install_path: Path
    """Where it begins."""
    redirect_paths: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Where the CRM may send the browser back to."""
    hosts: Hosts


class Scope(Part):
    """One permission, the feature that needs it, and the requests that the feature makes."""

    scope: Annotated[str, _like(r"[a-zA-Z0-9][a-zA-Z0-9._:/-]{0,199}")]
    feature: Title
    verbs: Annotated[dict[str, ApiVersion], Field(min_length=1)]
    """The client's verbs with the API version each is pinned to."""
    agency: bool = False
    """Used with an agency's token only."""


class Event(Part):
    """One webhook event."""

    name: Annotated[str, _like(r"[a-zA-Z][a-zA-Z0-9._:-]{0,199}")]
    feature: Title
    scope: str | None = None
    """The scope that unlocks it; none for those that come by themselves."""


class Webhooks(Part):
    """What the CRM posts to us."""

    path: Path
    signature_header: str
    signature_scheme: Literal["ed25519"]
    events: tuple[Event, ...]


class Page(Part):
    """A page of ours in the CRM's frame."""

    path: Path
    title: Title
    placement: Literal["sub-account", "agency", "both"]
    sso: bool
    """It learns who is signed in from the CRM, by the shared secret."""


class Option(Part):
    """One choice of a list."""

    label: Title
    value: Title


class Filter(Part):
    """A condition that whoever uses the trigger may set, on a field of its payload."""

    field: str
    title: Title
    field_type: Literal["select", "multiselect", "string"]
    required: bool = False
    options: tuple[Option, ...] = ()


class Input(Part):
    """A value that whoever uses the action fills in."""

    field: Annotated[str, _like(r"[A-Za-z][A-Za-z0-9_]{0,249}")]
    title: Title
    field_type: Literal[
        "string", "numerical", "textarea", "select", "multiselect", "radio", "toggle", "date", "date-time", "phone"
    ]
    required: bool = False
    help_text: str | None = None
    value: str | None = None
    """What it holds at first."""
    options: tuple[Option, ...] = ()


class Module(Part):
    """What triggers and actions have in common, as the workflow builder shows it."""

    key: str
    """Cannot be changed once it is in the portal."""
    version: ModuleVersion
    name: Name
    description: Annotated[str, AfterValidator(_long(1, 200)), _between(1, 200)]
    summary: Annotated[str, AfterValidator(_long(1, 500)), _between(1, 500)]
    keywords: tuple[str, ...] = ()
    sample_payload: Object
    """What is posted: by us for a trigger, to us for an action."""
    variables: dict[str, Title]
    """What later steps of the workflow can use, with its title: fields of the trigger's payload, of the action's
    answer."""


class Trigger(Module):
    """Something of ours that starts a workflow."""

    filters: tuple[Filter, ...] = ()


class Action(Module):
    """Something of ours that a workflow does."""

    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    sample_answer: Object


class Workflow(Part):
    """Our part in the CRM's workflow builder."""

    subscription_path: Path
    """Told of each workflow that begins or ceases to use a trigger."""
    action_path: Path
    """`{key}` is the action's."""
    header: Annotated[str, _like(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")]
    """The static header that proves that the CRM is asking."""
    header_setting: str
    """The setting that holds its value."""
    triggers: Annotated[tuple[Trigger, ...], Field(max_length=20)] = ()
    actions: tuple[Action, ...] = ()


class ConversationProvider(Part):
    """A source of messages; one of type Call carries no voice, only records of calls."""

    type: Literal["Call"]
    name: Name
    delivery_path: Path
    setting: str
    """The sub-account's setting that holds its id."""


class Setting(Part):
    """What whoever installs fills in."""

    name: str
    """Of the environment for an installation, of the configuration for a sub-account."""
    applies_to: Literal["installation", "sub-account"]
    title: Title
    required: bool
    secret: bool


class Limits(Part):
    """What we keep to, for each sub-account."""

    burst: str
    """Requests in a window."""
    daily: int
    """Requests in a day."""


class Manifest(Part):
    """What the marketplace must know of Ringback: the one source of what is entered in its portal."""

    json_schema: Annotated[str | None, Field(alias="$schema")] = None
    """For editors."""
    schema_version: Literal[1]
    """Of this form."""
    id: Annotated[str, _like(r"[a-z][a-z0-9-]{0,49}")]
    name: Name
    version: Annotated[str, _like(r"\d+\.\d+\.\d+")]
    """Of the code; the portal counts versions of its own, from 1.0.0."""
    tagline: Tagline
    description: Description
    subcategory: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]
    business_niche: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    search_keywords: tuple[str, ...] = ()
    """At most 200 characters in all."""
    listing: Listing
    tokens: tuple[Literal["oauth", "private-integration"], ...]
    """What it can act with in a sub-account."""
    oauth: Oauth
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    webhooks: Webhooks
    call_events_path: Path
    """Where trunks post their calls."""
    workflow: Workflow
    conversation_providers: tuple[ConversationProvider, ...] = ()
    pages: tuple[Page, ...] = ()
    settings: tuple[Setting, ...]
    capabilities: tuple[str, ...]
    """What a rule may ask for."""
    limits: Limits


def understood(document: Object) -> Manifest | list[Finding]:
    """The manifest that the document is, or what is wrong with its form."""
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        do = f"correct it; {SCHEMA} says what each field may hold."
        return [Finding(where, what, do) for where, what in problems_of(error)]
