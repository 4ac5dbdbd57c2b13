"""The CRM's own workflow builder: a trigger that our calls start, and actions that its workflows ask of us."""
