"""What can go wrong with a service, sorted by what the caller does next (S17). Nothing raw leaks out."""


class SourceError(Exception):
    """Root of everything this layer raises."""


class SourceConnectionError(SourceError):
    """Nobody answered, or the service is in trouble: keep the last series and try again later."""


class SourceAuthError(SourceError):
    """The service does not know the token, or does not let it in: only the user can mend that."""


class SourceResponseError(SourceError):
    """The service answered, but not with what it promises: keep the last series and report.

    Attributes
    ----------
    body : What it said instead, as far as that may help to say why; empty where nothing is known.
    """

    def __init__(self, message: str, body: bytes = b"") -> None:
        """Keep what the service said."""
        super().__init__(message)
        self.body = body


class SourceZoneError(SourceResponseError):
    """The answer is about another place than the question."""

    def __init__(self, asked: str, found: str) -> None:
        """Keep both."""
        super().__init__(f"asked for {asked}, the answer is about {found}")
        self.asked, self.found = asked, found


class SourceCurrencyError(SourceResponseError):
    """The answer counts in another currency than the home."""

    def __init__(self, wanted: str, found: str) -> None:
        """Keep both."""
        super().__init__(f"prices in {found}, not in {wanted}")
        self.wanted, self.found = wanted, found


class SourceRateLimitError(SourceError):
    """We asked too often: wait.

    Attributes
    ----------
    retry_after_s : How long the service wants to be left alone; None if it does not say. [s]
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        """Keep the wait."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
