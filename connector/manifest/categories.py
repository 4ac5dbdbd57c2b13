"""The categories of the marketplace's portal, in small letters as it stores them (source: the vendor's own CLI)."""

from __future__ import annotations

from typing import Final

CATEGORIES: Final = frozenset(
    {
        "advertising",
        "analytics & data",
        "content management system",
        "data management",
        "e-commerce",
        "email",
        "events",
        "lead generation",
        "live chat",
        "marketing automation",
        "seo",
        "sms",
        "social media",
        "video",
        "webinar",
        "website builder",
        "wordpress",
        "crm",
        "calendar & scheduling",
        "calling",
        "sales enablement",
        "customer success",
        "employee engagement",
        "field service management",
        "help desk & ticketing",
        "survey",
        "whitelabel payment provider",
        "third party provider",
        "payment provider",
        "workflow automation",
        "erp",
        "learning management system",
        "project management",
        "accounting & payments",
        "payroll",
        "virtual assistants",
        "other services",
        "other",
    }
)
