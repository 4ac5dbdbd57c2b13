"""The manifest as the files of the vendor's own marketplace CLI. PURE.

Source: npm @gohighlevel/marketplace-cli (schema version 1, read 2026-11) and the JSON Schemas in it. Its workspace is a
folder that `ghl app pull` fills; `ghl app push` sends what was changed there. What the portal or its people own in such
a folder (ids, media, support, review, versions of triggers and actions) stays as it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connector.manifest.workspace import draft, owned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.manifest.model import Action, Filter, Input, Manifest, Module, Trigger

Json: TypeAlias = "dict[str, Any]"

APP: Final = "ghl-app.json"
WEBHOOKS: Final = "src/webhooks/ghl-webhooks.json"
_MODULES: Final = "src/modules/workflows"
_FIRST: Final = "1.0.0"
"""The portal's number of an app's first version."""
_NO_SUB_ACCOUNT_PROFILE: Final = {"enabled": False, "description": "", "previewImageUrls": [], "previewVideoUrl": ""}
_BILLING: Final = {
    "billingType": "free",
    "isPaidApp": False,
    "isFreemium": False,
    "externalBilling": False,
    "externalBillingUrl": "",
    "hasFreeTrial": False,
    "freeTrialDuration": None,
    "hasUsageBasedPrice": False,
    "paymentType": "",
    "oneTimePrice": None,
    "additionalInfoForBilling": "",
}
_SUPPORT: Final = {
    "supportEmail": "",
    "supportPhone": "",
    "websiteUrl": "",
    "documentationUrl": "",
    "termsAndConditionsUrl": "",
    "privacyPolicyUrl": "",
    "supportedServices": [],
}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose app it is, and where its service runs."""

    public_url: str
    app_id: str
    version_id: str


def files(manifest: Manifest, place: Place, before: Mapping[str, Json]) -> dict[str, Json]:
    """What each file is to hold, by its path in the folder; `before` is what they hold now, where they exist."""
    app = _app(manifest, place, before.get(APP, {}))
    ids = {"appId": app["appId"], "versionId": app["versionId"]}
    found = {APP: app, WEBHOOKS: _webhooks(manifest, place, before.get(WEBHOOKS, {}), ids)}
    for trigger in manifest.workflow.triggers:
        path = module_path("triggers", trigger)
        found[path] = draft(trigger.key, _trigger(manifest, trigger, place), before.get(path, {}))
    for action in manifest.workflow.actions:
        path = module_path("actions", action)
        found[path] = draft(action.key, _action(manifest, action, place), before.get(path, {}))
    return found


def module_path(kind: str, module: Module) -> str:
    """A trigger's or an action's file: its key, with hyphens."""
    return f"{_MODULES}/{kind}/{module.key.replace('_', '-')}.json"


def unfilled(app: Json) -> Iterator[str]:
    """What the portal wants and nobody but the publisher knows, where it is still empty in `ghl-app.json`."""
    if not app["basicInfo"]["companyName"]:
        yield "basicInfo.companyName"
    if not app["supportConfig"]["supportEmail"] and not app["supportConfig"]["supportPhone"]:
        yield "supportConfig.supportEmail or supportPhone"
    for name in ("endToEndDemoUrl", "scopesDemoUrl"):
        if not app["review"][name]:
            yield f"review.{name}"


def _app(manifest: Manifest, place: Place, before: Json) -> Json:
    redirects = [f"{place.public_url}{path}" for path in manifest.oauth.redirect_paths]
    return {
        **owned(before, "$schema"),
        "schemaVersion": 1,
        "appId": before.get("appId", place.app_id),
        "versionId": before.get("versionId", place.version_id),
        **owned(before, "createdAt"),
        "version": before.get("version", _FIRST),
        "status": before.get("status", "draft"),
        "appType": before.get("appType", "standard"),
        "basicInfo": _basic_info(manifest, before.get("basicInfo", {})),
        "listing": _listing(manifest),
        "profiles": _profiles(manifest, before.get("profiles", {})),
        "oauth": {
            "allowedScopes": [scope.scope for scope in manifest.scopes],
            "redirectUris": redirects,
            "defaults": _defaults(before, redirects),
            "clientKeys": before.get("oauth", {}).get("clientKeys", []),
        },
        "supportConfig": before.get("supportConfig", _SUPPORT),
        "billing": before.get("billing", _BILLING),
        "review": _review(manifest, before.get("review", {})),
    }


def _basic_info(manifest: Manifest, before: Json) -> Json:
    return {
        "name": manifest.name,
        "tagline": manifest.tagline,
        "companyName": before.get("companyName", ""),
        "contact": before.get("contact", {"name": "", "email": ""}),
        "website": before.get("website", ""),
        "category": before.get("category", ""),
        "subcategory": list(manifest.subcategory),
        "businessNiche": list(manifest.business_niche),
        "logoUrl": before.get("logoUrl", ""),
    }


def _listing(manifest: Manifest) -> Json:
    listing = manifest.listing
    both = {"everyone": ["Location"], "agency-only": ["Location", "Company"]}
    return {
        "private": listing.private,
        "userTypes": ["Company"] if listing.target == "agency" else both[listing.installer],
        "isWhiteLabelFriendly": listing.is_white_label_friendly,
        "isAgencyBulkInstallEnabled": listing.is_agency_bulk_install_enabled,
        "searchKeywords": list(manifest.search_keywords),
    }


def _profiles(manifest: Manifest, before: Json) -> Json:
    """One text for both; a separate sub-account profile takes three screenshots, so it is the publisher's to enable."""
    agency = before.get("agency", {})
    return {
        "agency": {
            "description": manifest.description,
            "previewImageUrls": agency.get("previewImageUrls", []),
            "previewVideoUrl": agency.get("previewVideoUrl", ""),
        },
        "subAccount": before.get("subAccount", _NO_SUB_ACCOUNT_PROFILE),
    }


def _defaults(before: Json, redirects: list[str]) -> Json:
    defaults = before.get("oauth", {}).get("defaults", {})
    redirect = defaults.get("redirectUrl")
    return {"clientKey": defaults.get("clientKey"), "redirectUrl": redirect if redirect in redirects else None}


def _review(manifest: Manifest, before: Json) -> Json:
    return {
        "endToEndDemoUrl": before.get("endToEndDemoUrl", ""),
        "scopesDemoUrl": before.get("scopesDemoUrl", ""),
        "additionalDetails": before.get("additionalDetails", ""),
        "privateReason": manifest.listing.private_reason or "",
    }


def _webhooks(manifest: Manifest, place: Place, before: Json, ids: Json) -> Json:
    """Only events that a scope unlocks: the CLI refuses others. Those that come by themselves stay where they are."""
    unlocked = [event.name for event in manifest.webhooks.events if event.scope is not None]
    by_themselves = {event.name for event in manifest.webhooks.events} - set(unlocked)
    there = [one for one in before.get("subscribedEvents", []) if one.get("name") in by_themselves]
    return {
        **owned(before, "$schema"),
        "schemaVersion": 1,
        **ids,
        "webhookUrl": f"{place.public_url}{manifest.webhooks.path}",
        "subscribedEvents": there + [{"name": name} for name in unlocked],
    }


def _trigger(manifest: Manifest, trigger: Trigger, place: Place) -> Json:
    workflow = manifest.workflow
    return {
        "version": trigger.version,
        "status": "draft",
        "info": _info(trigger),
        "customVarsJson": trigger.sample_payload,
        "filters": [_filter(one) for one in trigger.filters],
        "customVars": _variables(trigger, trigger.sample_payload),
        "subscriptionConfig": {
            "url": f"{place.public_url}{workflow.subscription_path}",
            "headers": _headers(manifest),
        },
    }


def _action(manifest: Manifest, action: Action, place: Place) -> Json:
    return {
        "version": action.version,
        "status": "draft",
        "info": _info(action),
        "inputs": [_input(one) for one in action.inputs],
        "customVarsJson": action.sample_answer,
        "customVars": _variables(action, action.sample_answer),
        "executionConfig": {
            "type": "API",
            "url": f"{place.public_url}{manifest.workflow.action_path.replace('{key}', action.key)}",
            "method": "POST",
            "headers": _headers(manifest),
            "pauseExecution": False,
        },
        "payloadCustomizationType": "default",
    }


def _headers(manifest: Manifest) -> Json:
    """The secret itself is in no file: the CLI puts the environment's value in when it pushes."""
    return {manifest.workflow.header: f"${{env:{manifest.workflow.header_setting}}}"}


def _info(module: Module) -> Json:
    return {
        "name": module.name,
        "description": module.description,
        "summary": module.summary,
        "keywords": list(module.keywords),
    }


def _filter(one: Filter | Input) -> Json:
    made: Json = {"field": one.field, "title": one.title, "required": one.required, "fieldType": one.field_type}
    if one.options:
        made["options"] = [option.model_dump() for option in one.options]
    return made


def _input(one: Input) -> Json:
    more = {"helpText": one.help_text, "value": one.value}
    return _filter(one) | {name: text for name, text in more.items() if text is not None}


def _variables(module: Module, sample: Mapping[str, Any]) -> list[Json]:
    return [
        {"name": title, "reference": name, "fieldType": _type(sample[name])} for name, title in module.variables.items()
    ]


def _type(value: object) -> str:
    """What the portal calls the type of that value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "numerical"
    return "array" if isinstance(value, list) else "string"
