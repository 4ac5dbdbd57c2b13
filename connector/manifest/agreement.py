"""Whether the manifest says what the code does. PURE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.manifest.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from connector.manifest.code import Code
    from connector.manifest.model import Action, Manifest, Scope, Trigger


def disagreements(manifest: Manifest, code: Code) -> Iterator[Finding]:
    """Everything that the manifest says and the code does not do, and the other way round."""
    if manifest.version != code.version:
        yield _differs("version", manifest.version, code.version)
    yield from _scopes(manifest, code)
    yield from _routes(manifest, code)
    yield from _events(manifest, code)
    yield from _workflow(manifest, code)
    yield from _settings(manifest, code)
    yield from _listed("capabilities", manifest.capabilities, code.steps, "a kind of step that rules have")
    hosts = manifest.oauth.hosts
    for where, said, done in (
        ("oauth.hosts.standard", hosts.standard, code.hosts[0]),
        ("oauth.hosts.whiteLabel", hosts.white_label, code.hosts[1]),
        ("limits.burst", manifest.limits.burst, code.limits[0]),
        ("limits.daily", manifest.limits.daily, code.limits[1]),
    ):
        if said != done:
            yield _differs(where, said, done)


def _scopes(manifest: Manifest, code: Code) -> Iterator[Finding]:
    listed: dict[str, str] = {}
    for place, scope in enumerate(manifest.scopes):
        for verb, version in scope.verbs.items():
            where = f"scopes[{place}].verbs.{verb}"
            if verb in listed:
                yield Finding(where, f"is under {listed[verb]} too", "leave it where it belongs only.")
            listed.setdefault(verb, scope.scope)
            yield from _verb(where, verb, version, scope, code)
    for verb in sorted(code.verbs.keys() - listed.keys()):
        yield Finding(
            "scopes",
            f"the client sends {verb}, and no scope has it",
            f"put it under {code.verbs[verb].scope}, and say which feature needs it.",
        )


def _verb(where: str, verb: str, version: str, scope: Scope, code: Code) -> Iterator[Finding]:
    need = code.verbs.get(verb)
    if need is None:
        yield Finding(where, "is no verb that the client has", "take it out; a scope left without verbs, too.")
        return
    if need.scope != scope.scope:
        yield Finding(where, f"needs the scope {need.scope}, not {scope.scope}", f"put it under {need.scope}.")
    if need.version != version:
        yield _differs(where, version, need.version)
    if need.agency != scope.agency:
        whose = "an agency's" if need.agency else "a sub-account's"
        yield Finding(where, f"is sent with {whose} token", f'write "agency": {str(need.agency).lower()} at its scope.')


def _routes(manifest: Manifest, code: Code) -> Iterator[Finding]:
    workflow = manifest.workflow
    declared = [("oauth.installPath", "GET", manifest.oauth.install_path)]
    declared += [(f"oauth.redirectPaths[{n}]", "GET", path) for n, path in enumerate(manifest.oauth.redirect_paths)]
    declared += [
        ("webhooks.path", "POST", manifest.webhooks.path),
        ("callEventsPath", "POST", manifest.call_events_path),
        ("workflow.subscriptionPath", "POST", workflow.subscription_path),
        ("workflow.actionPath", "POST", workflow.action_path),
    ]
    declared += [
        (f"conversationProviders[{n}].deliveryPath", "POST", one.delivery_path)
        for n, one in enumerate(manifest.conversation_providers)
    ]
    declared += [(f"pages[{n}].path", "GET", page.path) for n, page in enumerate(manifest.pages)]
    for where, method, path in declared:
        if (method, path) not in code.routes and ("*", path) not in code.routes:
            yield Finding(where, f"the service has no route {method} {path}", "correct the path, or build the route.")
    yield from _undeclared({path for _, _, path in declared}, code)


def _undeclared(declared: Collection[str], code: Code) -> Iterator[Finding]:
    """The CRM can only call what it was told of."""
    paths = {path for _, path in code.routes}
    for path in sorted(paths - set(declared)):
        if path.startswith("/crm/"):
            yield Finding("", f"the route {path} is nowhere in the manifest", "say what the CRM calls it for.")
    if any(re.match(r"/app(/|$)", path) for path in paths) and not any(path.startswith("/app") for path in declared):
        yield Finding("pages", "the service has pages under /app, and none is listed", "list the one the CRM opens.")


def _events(manifest: Manifest, code: Code) -> Iterator[Finding]:
    granted = {scope.scope for scope in manifest.scopes}
    names = [event.name for event in manifest.webhooks.events]
    yield from _listed("webhooks.events", names, code.events, "an event that is acted on")
    for place, event in enumerate(manifest.webhooks.events):
        if event.scope is not None and event.scope not in granted:
            yield Finding(
                f"webhooks.events[{place}].scope",
                f"{event.name} comes only with {event.scope}, which is not asked for",
                "add that scope with its feature, or leave the event out.",
            )


def _workflow(manifest: Manifest, code: Code) -> Iterator[Finding]:
    workflow = manifest.workflow
    if workflow.header != code.header:
        yield _differs("workflow.header", workflow.header, code.header)
    yield from _listed("workflow.triggers", [one.key for one in workflow.triggers], code.triggers, "a trigger")
    yield from _listed("workflow.actions", [one.key for one in workflow.actions], code.inputs, "an action")
    for place, trigger in enumerate(workflow.triggers):
        if trigger.key in code.triggers:
            yield from _trigger(f"workflow.triggers[{place}]", trigger, code)
    for place, action in enumerate(workflow.actions):
        if action.key in code.inputs:
            yield from _action(f"workflow.actions[{place}]", action, code)


def _trigger(where: str, trigger: Trigger, code: Code) -> Iterator[Finding]:
    yield from _same_shape(f"{where}.samplePayload", trigger.sample_payload, code.triggers[trigger.key])
    for place, one in enumerate(trigger.filters):
        known = code.choices.get(one.field)
        if known is not None and {option.value for option in one.options} != known:
            yield Finding(
                f"{where}.filters[{place}].options",
                f"{one.field} is one of {', '.join(sorted(known))}",
                "offer exactly these.",
            )


def _action(where: str, action: Action, code: Code) -> Iterator[Finding]:
    read = code.inputs[action.key]
    yield from _listed(f"{where}.inputs", [one.field for one in action.inputs], read, "a value that the action reads")
    for place, one in enumerate(action.inputs):
        if one.field in read and one.required != read[one.field]:
            must = "must" if read[one.field] else "need not"
            do = f'write "required": {str(read[one.field]).lower()}.'
            yield Finding(f"{where}.inputs[{place}].required", f"{one.field} {must} be there", do)
    data = action.sample_payload.get("data")
    fields = data if isinstance(data, dict) else {}
    yield from _listed(f"{where}.samplePayload.data", fields, read, "a value that the action reads")
    yield from _same_shape(f"{where}.sampleAnswer", action.sample_answer, code.answers.get(action.key, {}))


def _same_shape(where: str, said: Mapping[str, Any], done: Mapping[str, Any]) -> Iterator[Finding]:
    """The same fields, of the same types."""
    yield from _listed(where, said, done, "a field that is sent")
    for name in said.keys() & done.keys():
        if _type(said[name]) != _type(done[name]):
            yield Finding(
                f"{where}.{name}",
                f"is {_type(said[name])}, and {_type(done[name])} is sent",
                f"write a value such as {done[name]!r}.",
            )


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return {str: "a text", type(None): "nothing"}.get(type(value), "a list or an object")


def _settings(manifest: Manifest, code: Code) -> Iterator[Finding]:
    kinds = {"installation": code.settings, "sub-account": code.location_settings}
    for place, setting in enumerate(manifest.settings):
        known = kinds[setting.applies_to]
        if setting.name not in known:
            yield Finding(f"settings[{place}].name", f"there is no setting {setting.name}", "correct the name.")
        elif known[setting.name] != setting.secret:
            secret = str(known[setting.name]).lower()
            yield Finding(
                f"settings[{place}].secret", f"{setting.name} is marked wrongly", f'write "secret": {secret}.'
            )
    named = {(setting.applies_to, setting.name) for setting in manifest.settings}
    used = [("workflow.headerSetting", "installation", manifest.workflow.header_setting)]
    used += [
        (f"conversationProviders[{n}].setting", "sub-account", one.setting)
        for n, one in enumerate(manifest.conversation_providers)
    ]
    for where, kind, name in used:
        if (kind, name) not in named:
            yield Finding(where, f"{name} is not among the settings", "list it there, for whoever installs.")


def _listed(where: str, said: Collection[str], done: Collection[str], what: str) -> Iterator[Finding]:
    """Each once, and the same ones on both sides."""
    for name in sorted({name for name in said if list(said).count(name) > 1}):
        yield Finding(where, f"{name} is listed twice", "leave one out.")
    for name in sorted(set(said) - set(done)):
        yield Finding(where, f"{name} is not {what}", "take it out, or build it.")
    for name in sorted(set(done) - set(said)):
        yield Finding(where, f"{name} is missing: it is {what}", "add it.")


def _differs(where: str, said: object, done: object) -> Finding:
    return Finding(where, f"says {said}; the code says {done}", f"write {done}, or change the code.")
