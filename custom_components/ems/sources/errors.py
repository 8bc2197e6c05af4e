"""What can go wrong with a service, sorted by what the caller does next (S17). Nothing raw leaks out."""


class SourceError(Exception):
    """Root of everything this layer raises."""


class SourceConnectionError(SourceError):
    """Nobody answered, or the service is in trouble: keep the last series and try again later."""


class SourceResponseError(SourceError):
    """The service answered, but not with what it promises: keep the last series and report."""


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
