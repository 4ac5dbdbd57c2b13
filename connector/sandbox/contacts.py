"""Contacts: create, upsert, read, change, delete, with the CRM's rules on duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import phonenumbers

from connector.sandbox.exchange import Refusal
from connector.sandbox.state import Contact
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.bodies import ContactCreate, ContactUpdate, ContactUpsert, CustomValue, Empty
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Location, Record, Sandbox

_APART: Final = {
    "location_id",
    "create_new_if_duplicate_allowed",
    "tags",
    "custom_fields",
    "name",
    "email",
    "phone",
}
"""What does not go into a contact's plain fields as it is."""


def create(ask: Ask[ContactCreate]) -> Answer:
    """POST /contacts/: 400 with the other's id in `meta` where the sub-account allows no duplicates."""
    location, body = ask.location, ask.body
    twin = location.find(_email(body), _phone(body, location))
    if twin is not None and not location.allow_duplicates:
        meta = {
            "contactId": twin.id,
            "contactName": twin.name,
            "matchingField": "email" if _email(body) in twin.keys else "phone",
        }
        raise Refusal(400, "This location does not allow duplicated contacts.", meta=meta)
    return 201, {"contact": contact_json(add(ask.sandbox, location, body), location)}


def upsert(ask: Ask[ContactUpsert]) -> Answer:
    """POST /contacts/upsert: email first, phone second.

    What belongs to a third contact is silently dropped.
    """
    location, body = ask.location, ask.body
    email, phone = _email(body), _phone(body, location)
    found = location.find(email, phone)
    if found is None or (body.create_new_if_duplicate_allowed and location.allow_duplicates):
        return 200, {"new": True, "contact": contact_json(add(ask.sandbox, location, body), location)}
    body.gender = None  # the CRM ignores it for a contact that exists
    for key, name in ((email, "email"), (phone, "phone")):
        if key is not None and location.find(key) not in (None, found):
            setattr(body, name, None)
    write(ask.sandbox, location, found, body)
    return 200, {"new": False, "contact": contact_json(found, location)}


def read(ask: Ask[None]) -> Answer:
    """GET /contacts/{contactId}."""
    return 200, {"contact": contact_json(ask.contact(), ask.location)}


def update(ask: Ask[ContactUpdate]) -> Answer:
    """PUT /contacts/{contactId}: `tags` replaces all tags."""
    contact = ask.contact()
    write(ask.sandbox, ask.location, contact, ask.body)
    return 200, {**ask.success(), "contact": contact_json(contact, ask.location)}


def delete(ask: Ask[Empty]) -> Answer:
    """DELETE /contacts/{contactId}: what hangs on it goes with it."""
    contact, location = ask.contact(), ask.location
    location.unindex(contact)
    del location.contacts[contact.id]
    if conversation := location.conversations.pop(contact.id, None):
        del location.threads[conversation.id]
        for message in conversation.messages:
            del location.messages[message["id"]]
    return 200, ask.success()


def add(sandbox: Sandbox, location: Location, body: ContactUpdate, *, contact_id: str | None = None) -> Contact:
    """A new contact with these fields, duplicates or not."""
    now_ms = sandbox.clock_ms()
    contact = Contact(contact_id or sandbox.new_id(), location.id, now_ms, now_ms)
    write(sandbox, location, contact, body)
    return contact


def write(sandbox: Sandbox, location: Location, contact: Contact, body: ContactUpdate) -> None:
    """Change what the body names; nulls leave things as they are."""
    if contact.id in location.contacts:
        location.unindex(contact)
    contact.fields |= body.model_dump(by_alias=True, exclude_none=True, exclude=_APART) | _special(body, location)
    if body.tags is not None:
        contact.tags = known_tags(sandbox, location, body.tags)
    _write_custom(location, contact, body.custom_fields or ())
    contact.updated_ms = sandbox.clock_ms()
    location.index(contact)


def known_tags(sandbox: Sandbox, location: Location, tags: Iterable[str]) -> list[str]:
    """Tags as the CRM saves them: trimmed, in lower case, once each; new ones join the sub-account's list."""
    names = list(dict.fromkeys(name for tag in tags if (name := tag.strip().lower())))
    for name in names:
        if name not in location.tags:
            location.tags[name] = {"id": sandbox.new_id(), "name": name, "locationId": location.id}
    return names


def contact_json(contact: Contact, location: Location) -> Record:
    """A contact as GET shows it.

    Custom values are read as `value`, though they are written as `field_value`.
    """
    return {
        "id": contact.id,
        "locationId": location.id,
        "name": contact.name,
        "dnd": False,
        "type": "lead",
        "country": location.country,
        **contact.fields,
        "tags": list(contact.tags),
        "customFields": [{"id": key, "value": value} for key, value in contact.custom.items()],
        "dateAdded": iso(contact.added_ms),
        "dateUpdated": iso(contact.updated_ms),
    }


def e164(number: str, country: str) -> str:
    """A phone number as the CRM saves it; one that cannot be read stays as it was given."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number, country), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return number


def _email(body: ContactUpdate) -> str | None:
    return body.email.strip().lower() if body.email else None


def _phone(body: ContactUpdate, location: Location) -> str | None:
    return e164(body.phone, body.country or location.country) if body.phone else None


def _special(body: ContactUpdate, location: Location) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if body.name is not None and body.first_name is None and body.last_name is None:
        first, _, last = body.name.strip().partition(" ")
        fields |= {"firstName": first, "lastName": last}
    if email := _email(body):
        fields["email"] = email
    if phone := _phone(body, location):
        fields["phone"] = phone
    return fields


def _write_custom(location: Location, contact: Contact, values: Iterable[CustomValue]) -> None:
    """Values of fields the sub-account has; the CRM drops others without a word."""
    for value in values:
        for known in location.custom_fields.values():
            if value.id == known["id"] or value.key in {
                known["fieldKey"],
                known["fieldKey"].partition(".")[2],
            }:
                contact.custom[known["id"]] = (
                    value.field_value if value.field_value is not None else value.field_value_v3
                )
