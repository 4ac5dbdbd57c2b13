"""A local CRM that behaves like the real one (GoHighLevel's API): quirks, limits and faults included.

For the demo, for tests, and for trying a rule book without touching a live account: docs/sandbox.md. It
plays the other side, so it knows nothing of the connector's own rooms.
"""
