"""Whether the marketplace's portal would take what the manifest says. PURE.

Source: the rules of the vendor's own marketplace CLI (npm @gohighlevel/marketplace-cli, read 2026-11), which are the
portal's. Lengths and forms of single fields are in model.py.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from connector.manifest.categories import CATEGORIES
from connector.manifest.finding import Finding
from connector.sandbox.apps import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.manifest.model import Action, Filter, Input, Manifest, Module, Trigger

BRAND: Final = re.compile(r"(?:Go[- ]?)?High.?Level|Go\s+High\s+Level|\bGHL\b", re.IGNORECASE)
"""What no text or address of a white-label app may hold."""
_INNER: Final = (".localhost", ".local", ".internal")
_KEYWORDS: Final = 200
_SENSITIVE: Final = frozenset({"users.write", "locations.write"})
_BUILDER: Final = "workflows.readonly"
_CALL_RECORDS: Final = "conversations/message.write"
_KEY: Final = re.compile(r"(?!lc_|iatf_|(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$)[a-z][_a-z0-9]{0,249}")


def refusals(manifest: Manifest) -> Iterator[Finding]:
    """Everything that the portal would refuse or that would scare people there."""
    if manifest.listing.is_white_label_friendly:
        yield from _brand(manifest)
    yield from _listing(manifest)
    yield from _scopes(manifest)
    yield from _keys(manifest)
    for place, trigger in enumerate(manifest.workflow.triggers):
        yield from _trigger(f"workflow.triggers[{place}]", trigger)
    for place, action in enumerate(manifest.workflow.actions):
        yield from _action(f"workflow.actions[{place}]", action)


def unfit(public_url: str) -> str | None:
    """Why the portal would not take this address; None where it would."""
    where = urlsplit(public_url)
    if where.scheme != "https":
        return "the marketplace takes https:// addresses only"
    host = (where.hostname or "").lower()
    if where.username is not None or not host:
        return "that is no plain address"
    try:
        public = ip_address(host).is_global
    except ValueError:
        public = "." in host and not host.endswith(_INNER)
    return None if public else "the marketplace takes addresses of the public internet only"


def _brand(manifest: Manifest) -> Iterator[Finding]:
    for where, text in _public_texts(manifest):
        if found := BRAND.search(text):
            yield Finding(where, f"holds the CRM's brand ({found[0]!r})", "say it without: the app is white label.")


def _public_texts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What people of the CRM get to see, and every address."""
    workflow, oauth = manifest.workflow, manifest.oauth
    yield from (("name", manifest.name), ("tagline", manifest.tagline), ("description", manifest.description))
    yield from ((f"searchKeywords[{n}]", word) for n, word in enumerate(manifest.search_keywords))
    yield "oauth.installPath", oauth.install_path
    yield from ((f"oauth.redirectPaths[{n}]", path) for n, path in enumerate(oauth.redirect_paths))
    yield from (("webhooks.path", manifest.webhooks.path), ("callEventsPath", manifest.call_events_path))
    yield from (
        ("workflow.subscriptionPath", workflow.subscription_path),
        ("workflow.actionPath", workflow.action_path),
    )
    for n, page in enumerate(manifest.pages):
        yield from ((f"pages[{n}].path", page.path), (f"pages[{n}].title", page.title))
    for n, provider in enumerate(manifest.conversation_providers):
        yield f"conversationProviders[{n}].name", provider.name
        yield f"conversationProviders[{n}].deliveryPath", provider.delivery_path
    for kind, modules in (("triggers", workflow.triggers), ("actions", workflow.actions)):
        for n, module in enumerate(modules):
            for field in ("name", "description", "summary"):
                yield f"workflow.{kind}[{n}].{field}", getattr(module, field)


def _listing(manifest: Manifest) -> Iterator[Finding]:
    listing = manifest.listing
    if listing.private and listing.private_reason is None:
        yield Finding("listing.privateReason", "is required of a private app", "say why it is private.")
    if not listing.is_agency_bulk_install_enabled:
        yield Finding("listing.isAgencyBulkInstallEnabled", "is required of new apps", "write true.")
    letters = sum(map(len, manifest.search_keywords))
    if letters > _KEYWORDS:
        yield Finding("searchKeywords", f"hold {letters} characters in all; {_KEYWORDS} may be", "leave some out.")
    for n, name in enumerate(manifest.subcategory):
        if name not in CATEGORIES:
            yield Finding(
                f"subcategory[{n}]", f"{name!r} is no category", f"choose of: {', '.join(sorted(CATEGORIES))}."
            )


def _scopes(manifest: Manifest) -> Iterator[Finding]:
    named = [scope.scope for scope in manifest.scopes]
    for n, name in enumerate(named):
        if name in named[:n]:
            yield Finding(f"scopes[{n}].scope", f"{name} is listed twice", "put both features into one.")
        elif name in _SENSITIVE:
            yield Finding(f"scopes[{n}].scope", f"{name} shows a red warning at consent", "do without it.")
        elif name.startswith("companies.") and manifest.listing.installer == "everyone":
            do = "do without it, or let agencies only install."
            yield Finding(f"scopes[{n}].scope", f"with {name} sub-accounts cannot install by themselves", do)
        elif name not in SCOPES:
            yield Finding(f"scopes[{n}].scope", f"{name} is no scope that is known", "correct its spelling.")
    workflow = manifest.workflow
    if (workflow.triggers or workflow.actions) and _BUILDER not in named:
        yield Finding("scopes", f"triggers and actions take {_BUILDER}", "add it.")
    if workflow.triggers and manifest.listing.target != "sub-account":
        yield Finding("listing.target", "triggers work in sub-accounts only", 'write "sub-account".')
    if manifest.conversation_providers and _CALL_RECORDS not in named:
        yield Finding("scopes", f"a conversation provider takes {_CALL_RECORDS}", "add it.")


def _keys(manifest: Manifest) -> Iterator[Finding]:
    for kind, modules in (("triggers", manifest.workflow.triggers), ("actions", manifest.workflow.actions)):
        for n, module in enumerate(modules):
            where = f"workflow.{kind}[{n}]"
            if _KEY.fullmatch(module.key) is None:
                do = "use small letters, digits and underscores, a letter first, without lc_ or iatf_ before it."
                yield Finding(f"{where}.key", f"{module.key!r} cannot be a key", do)


def _trigger(where: str, trigger: Trigger) -> Iterator[Finding]:
    yield from _variables(where, trigger, "samplePayload", trigger.sample_payload)
    yield from _twice(f"{where}.filters", [one.field for one in trigger.filters])
    for n, one in enumerate(trigger.filters):
        if one.field not in trigger.sample_payload:
            do = "filter by a field of the payload."
            yield Finding(f"{where}.filters[{n}].field", f"{one.field!r} is not in samplePayload", do)
        yield from _options(f"{where}.filters[{n}]", one)


def _action(where: str, action: Action) -> Iterator[Finding]:
    yield from _variables(where, action, "sampleAnswer", action.sample_answer)
    yield from _twice(f"{where}.inputs", [one.field for one in action.inputs])
    for n, one in enumerate(action.inputs):
        yield from _options(f"{where}.inputs[{n}]", one)


def _variables(where: str, module: Module, sample: str, values: Mapping[str, object]) -> Iterator[Finding]:
    """The portal takes each variable's type from the sample, and offers only what is listed."""
    for name in sorted(module.variables.keys() - values.keys()):
        yield Finding(f"{where}.variables.{name}", f"is not in {sample}", "add it there, or take it out here.")
    for name in sorted(values.keys() - module.variables.keys()):
        yield Finding(f"{where}.{sample}.{name}", "has no title, so nobody can use it", "add it to variables.")
    for name, value in values.items():
        if value is None or isinstance(value, dict) or value == []:
            yield Finding(f"{where}.{sample}.{name}", "shows no type", "write a text, a number, true or false.")


def _options(where: str, one: Filter | Input) -> Iterator[Finding]:
    chosen = one.field_type in ("select", "multiselect", "radio")
    if chosen and not one.options:
        yield Finding(f"{where}.options", f"a {one.field_type} needs something to choose from", "add options.")
    elif one.options and not chosen:
        yield Finding(f"{where}.options", f"a {one.field_type} has none", "take them out, or make it a select.")
    yield from _twice(f"{where}.options", [option.value for option in one.options])


def _twice(where: str, names: Sequence[str]) -> Iterator[Finding]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(where, f"{name} is listed twice", "leave one out.")
