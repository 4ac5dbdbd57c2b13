"""Everything the CRM can refuse or fail at, by what to do next. The docstring is the default message."""

from __future__ import annotations


class CrmError(Exception):
    """The CRM did not do what was asked."""

    def __init__(self, message: str | None = None, *, status: int | None = None, trace_id: str | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.status = status
        self.trace_id = trace_id


class NotSentError(CrmError):
    """The request never left: the CRM could not be reached. Safe to repeat."""


class InDoubtError(CrmError):
    """The request was sent and no answer tells what became of it. Read back before repeating."""


class ThrottledError(CrmError):
    """The CRM asks to slow down (429). Not done; the sub-account waits `retry_after_s` seconds."""

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after_s: float,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, trace_id=trace_id)
        self.retry_after_s = retry_after_s


class HeldBackError(CrmError):
    """The sub-account's daily limit is nearly used up: what is left is kept for what matters more. Not sent."""

    def __init__(self, message: str | None = None, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RefusedError(CrmError):
    """The CRM refuses this request for good (400, 403, 404, 422). Repeating it as it is cannot help."""


class ContactGoneError(RefusedError):
    """The contact does not exist any more: forget its id and find it again."""


class DuplicateContactError(RefusedError):
    """The sub-account forbids duplicates and has this contact already: use `contact_id`."""

    def __init__(
        self,
        message: str | None = None,
        *,
        contact_id: str,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, trace_id=trace_id)
        self.contact_id = contact_id


class DuplicateConversationError(RefusedError):
    """The contact has a conversation already: use `conversation_id`."""

    def __init__(
        self,
        message: str | None = None,
        *,
        conversation_id: str,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, trace_id=trace_id)
        self.conversation_id = conversation_id


class TriggerInactiveError(RefusedError):
    """Nobody listens to this workflow trigger any more: forget the subscription."""


class ForeignTriggerError(RefusedError):
    """The address is not one of the CRM's trigger addresses. Nothing was sent: the access token would go with it."""


class UnauthorizedError(CrmError):
    """The CRM does not accept the access token (401). The sub-account waits until its token is mended."""


class ScopeMissingError(UnauthorizedError):
    """The token lacks a scope this verb needs: reconnect with that scope; refreshing will not help."""


class WrongLocationError(UnauthorizedError):
    """The token belongs to another sub-account: check which token was given for which one."""


class WrongVersionError(RefusedError):
    """The CRM does not accept the Version header of this verb: a fault of ours, not of the token."""


class MalformedError(InDoubtError):
    """The CRM said yes in a form that cannot be read: what it did is in doubt."""


class NotDeliveredError(CrmError):
    """The receiver of a notification did not take it; it may later. No fault of the CRM's."""
