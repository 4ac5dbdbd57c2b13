"""The demo: a shift of calls through the trunk webhook into the local CRM, shown and checked."""
