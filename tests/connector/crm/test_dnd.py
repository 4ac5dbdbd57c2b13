"""Do-not-disturb: what has to be written so that channels are on or off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.dnd import CHANNELS, changed
from connector.crm.errors import RefusedError
from connector.crm.model import ChannelDnd, Contact

ON, OFF, STOP = ChannelDnd("active"), ChannelDnd("inactive"), ChannelDnd("permanent", "STOP", "21610")


def contact(*, dnd: bool | None = None, **settings: ChannelDnd) -> Contact:
    return Contact("c", dnd=dnd, dnd_settings=settings)


def test_the_other_channels_are_written_again() -> None:
    assert changed(contact(SMS=STOP, Email=OFF), ["Call"], on=True) == ({"SMS": STOP, "Email": OFF, "Call": ON}, None)


def test_a_channel_may_be_named_in_any_case() -> None:
    assert changed(contact(), [" whatsapp ", "sms"], on=True) == ({"SMS": ON, "WhatsApp": ON}, None)


def test_a_channel_the_schema_lacks_is_not_sent_back() -> None:
    assert changed(contact(RCS=ON), ["Call"], on=True) == ({"Call": ON}, None)


@pytest.mark.parametrize("on", [True, False])
def test_a_permanent_one_stays(on: bool) -> None:  # noqa: FBT001 - a test's parameter
    assert changed(contact(SMS=STOP), ["SMS"], on=on) is None


@pytest.mark.parametrize(("now", "on"), [(ON, True), (OFF, False)])
def test_what_is_so_already_is_not_written(now: ChannelDnd, on: bool) -> None:  # noqa: FBT001 - a test's parameter
    assert changed(contact(Call=now, dnd=on), ["Call", "all"], on=on) is None


def test_off_where_nothing_was_said_is_written() -> None:
    assert changed(contact(), ["Call"], on=False) == ({"Call": OFF}, None)


def test_all_is_the_switch_for_all_and_no_channel() -> None:
    assert changed(contact(dnd=False), ["all"], on=True) == (None, True)


def test_a_channel_the_crm_does_not_have_is_refused() -> None:
    with pytest.raises(RefusedError, match="Fax"):
        changed(contact(), ["Call", "Fax"], on=True)


statuses = st.sampled_from([ON, OFF, STOP])
channels = st.sampled_from([*CHANNELS, "all"])


@given(
    st.dictionaries(st.sampled_from(CHANNELS), statuses), st.none() | st.booleans(), st.sets(channels), st.booleans()
)
def test_writing_it_leaves_nothing_to_write(
    settings: dict[str, ChannelDnd],
    dnd: bool | None,  # noqa: FBT001 - drawn by name
    wanted: set[str],
    on: bool,  # noqa: FBT001 - drawn by name
) -> None:
    change = changed(contact(dnd=dnd, **settings), wanted, on=on)
    if change is not None:
        written, everything = change
        after = Contact("c", dnd=dnd if everything is None else everything, dnd_settings=written or settings)
        assert settings.keys() <= after.dnd_settings.keys()
        assert changed(after, wanted, on=on) is None


@pytest.mark.parametrize(
    ("who", "barred"),
    [
        (contact(), None),
        (contact(SMS=ON), None),
        (contact(dnd=False), False),
        (contact(dnd=True), True),
        (contact(Call=STOP), True),
        (contact(dnd=False, Call=OFF), False),
        (contact(dnd=False, Call=ON), True),
        (contact(dnd=True, Call=OFF), True),
    ],
)
def test_whether_a_contact_may_be_dialled(who: Contact, barred: bool | None) -> None:  # noqa: FBT001 - a test's parameter
    assert who.no_calls is barred
