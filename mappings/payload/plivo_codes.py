"""HangupCauseCode of Plivo's Voice API and of those who clone it, and of Plivo's SIP trunks.

https://www.plivo.com/docs/voice/troubleshooting/hangup-causes; 6010 and 9000 from Vobiz's pages. Plivo's SIP
trunks (Zentrunk) use the same numbers for other things: 3000 is their normal hangup, and the Voice API's no answer.
"""

from __future__ import annotations

from mappings.call import Disposition

_CODES = {
    Disposition.FAILED: (1010, 2030, 2040, 2060, 7011, 7012, 7013, 7014, 8011, 8012, 8013, 8014),
    Disposition.CANCELED: (1000, 9000),
    Disposition.CONGESTION: (1020,),
    Disposition.INVALID_NUMBER: (2000, 2010),
    Disposition.NO_ANSWER: (3000, 2020, 6010),
    Disposition.BUSY: (3010,),
    Disposition.REJECTED: (3020,),
    Disposition.CONNECTED: (4000, 4010, 4020, 4030),
}
VOICE: dict[int, Disposition] = {code: outcome for outcome, codes in _CODES.items() for code in codes}
"""What each code means; 0 (unknown) is left out: it tells nothing that SIP or Q.850 would not tell better."""
FIRST: dict[Disposition, int] = {
    outcome: codes[0] for outcome, codes in _CODES.items() if outcome is not Disposition.FAILED
}
"""The most usual code for a disposition; none for Failed, whose codes all name a particular fault."""

_ZENTRUNK_CODES = {
    Disposition.CONNECTED: (3000, 3010),
    Disposition.FAILED: (
        *(3020, 3030, 3040, 4000, 4010, 4020, 4030, 4040),
        *(4190, 4200, 4370, 4560, 4570, 4590, 4630, 4650),
    ),
    Disposition.INVALID_NUMBER: (4100, 4120, 5300, 6020),
    Disposition.CONGESTION: (4160, 5000, 5010, 5180, 5190, 5330, 5350, 6040),
    Disposition.NO_ANSWER: (4170, 4340, 4350, 6030),
    Disposition.BUSY: (4410, 6000),
    Disposition.CANCELED: (4550,),
}
ZENTRUNK: dict[int, Disposition] = {code: outcome for outcome, codes in _ZENTRUNK_CODES.items() for code in codes}
"""What each code of a SIP trunk's call record means; 6000 is a 486 or a 503, the former being the more usual."""
