"""Finding a port to listen on, or saying who has to give way."""

import errno
import socket

from plantsafe.errors import PortInUseError, SourceError

HOST = "127.0.0.1"  # the stand-in plant is for this machine only


def claim(port: int, flag: str) -> int:
    """The port to listen on: `port`, or a free one for 0. Raises PortInUseError; `flag` is what changes the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OverflowError as error:
            raise SourceError(f"{port} is no port", mend=f"give {flag} a number from 0 to 65535") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise in_use(port, flag) from error
            raise SourceError(f"cannot listen on {HOST}:{port}: {error.strerror}", mend=f"choose {flag} 0") from error
        found: int = probe.getsockname()[1]
        return found


def in_use(port: int, flag: str) -> PortInUseError:
    """The error for a port that another process has."""
    return PortInUseError(
        f"port {port} on {HOST} is in use by another process",
        mend=f"end that process, or choose another port with {flag} (0 finds a free one)",
    )
