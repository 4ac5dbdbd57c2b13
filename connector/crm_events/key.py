"""The CRM's own key, apart from what uses it: settings are read by every command, also by those that need no crypto."""

from __future__ import annotations

from typing import Final

CRM_KEY: Final = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="
"""GoHighLevel's key for `X-GHL-Signature`, the same for every app (SubjectPublicKeyInfo, DER in base64).

Source: HighLevel's Webhook Integration Guide, https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide
"""
