"""What can go wrong with a device, by what the caller does next. Nothing raw leaks out of this layer."""


class DeviceError(Exception):
    """Root of everything this layer raises."""


class DeviceConnectionError(DeviceError):
    """Nobody answered, or the line broke: try again later."""


class DeviceBusyError(DeviceConnectionError):
    """The device asks to be left alone for a while."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        """Remember for how long. [s]."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeviceAuthError(DeviceError):
    """The device wants other credentials: ask the user."""


class DeviceResponseError(DeviceError):
    """The device answered, but not with what its map promises: keep the last value and report."""


class DeviceWriteError(DeviceError):
    """A write was refused, or reading back showed another value."""


class ProfileError(DeviceError):
    """A profile contradicts the schema or itself: fix the file."""
