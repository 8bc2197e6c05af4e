"""What can be wrong with a question to the planner. A translation key and what goes into the sentence."""


class PlanError(Exception):
    """The problem cannot be planned as put: names the field and, through its key, the remedy."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep key and placeholders for whoever words the message."""
        super().__init__(f"{key}: " + ", ".join(f"{name} = {value}" for name, value in placeholders.items()))
        self.key = key
        self.placeholders = placeholders
