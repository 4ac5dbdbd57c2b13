"""Finding contacts: the duplicate search (exact, at once) and the search index (rich, and late)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.contacts import contact_json
from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.bodies import ContactSearch, Filter
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Contact, Location, Record


def duplicate(ask: Ask[None]) -> Answer:
    """GET /contacts/search/duplicate.

    The values as they arrive, so an unescaped `+`, now a space, finds nothing.
    """
    ask.required("locationId")
    email, number = ask.query.get("email"), ask.query.get("number")
    if not email and not number:
        raise Refusal(400, "Pass at least one of number, email query parameter")
    found = ask.location.find(email.lower() if email else None, number)
    return 200, {"contact": None if found is None else contact_json(found, ask.location)}


def search(ask: Ask[ContactSearch]) -> Answer:
    """POST /contacts/search: what the index knows, which is `search_lag_ms` old."""
    body, indexed_ms = ask.body, ask.sandbox.clock_ms() - ask.sandbox.search_lag_ms
    rows = [
        row
        for contact in ask.location.contacts.values()
        if contact.added_ms <= indexed_ms and _matches(row := _row(contact, ask.location), body)
    ]
    for sort in reversed(body.sort):
        rows.sort(key=lambda row: str(_value(row, sort.field) or ""), reverse=sort.direction == "desc")
    start = (body.page - 1) * body.page_limit
    if body.search_after is not None:
        start = next((i + 1 for i, row in enumerate(rows) if row["searchAfter"] == body.search_after), len(rows))
    return 200, {"contacts": rows[start : start + body.page_limit], "total": len(rows)}


def _row(contact: Contact, location: Location) -> Record:
    shown = contact_json(contact, location)
    lowered = {f"{name}LowerCase": str(shown[name]).lower() for name in ("firstName", "lastName") if name in shown}
    cursor = [contact.added_ms, contact.id]
    return shown | lowered | {"additionalEmails": [], "additionalPhones": [], "searchAfter": cursor}


def _matches(row: Record, body: ContactSearch) -> bool:
    wanted = (body.query or "").lower()
    anywhere = " ".join(str(row.get(name) or "") for name in ("name", "email", "phone")).lower()
    return wanted in anywhere and all(_holds(one, row) for one in body.filters)


def _holds(condition: Filter, row: Record) -> bool:
    if condition.group:
        parts = (_holds(one, row) for one in condition.filters)
        return any(parts) if condition.group == "OR" else all(parts)
    found = _value(row, condition.field or "")
    operator = condition.operator or "eq"
    return _compare(operator.removeprefix("not_"), found, condition.value) != operator.startswith("not_")


def _compare(operator: str, found: Any, wanted: Any) -> bool:
    if operator == "exists":
        return found not in (None, "", [])
    several = found if isinstance(found, list) else [found]
    if operator == "contains":
        return any(str(wanted).lower() in str(one).lower() for one in several if one is not None)
    return any(one in wanted if isinstance(wanted, list) else one == wanted for one in several)


def _value(row: Record, field: str) -> Any:
    if field.startswith("customFields."):
        wanted = field.partition(".")[2]
        return next((custom["value"] for custom in row["customFields"] if custom["id"] == wanted), None)
    value: Any = row
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
