"""InfluxDB as the plant's historian: writing through influxdb-client, one body at a time, each with its answer.

The client's batching mode drops batches without a word when it is closed; the synchronous mode keeps none, and raises.
"""

import json
import re
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from plantsafe.history.forward import Answer, Word

_NS: Any = "ns"  # the client declares a class here and means its texts
TIMEOUT_S = 20.0  # of one body (site default)
_LATER = frozenset({408, 425, 429})  # and everything from 500 on
_REJECTED = frozenset({400, 413, 422})  # the body is the cause; halves may be taken
_DROPPED = re.compile(r"\bpartial write\b.*\bdropped=(\d+)$")  # of versions 1 and 2
_REASON = 300  # characters of the server's own words (site default)


class InfluxSink:
    """The bucket of one server. `token` comes from the environment, never from a file of ours."""

    def __init__(self, url: str, *, org: str, bucket: str, token: str) -> None:
        self._client = InfluxDBClient(url=url, token=token, org=org, timeout=round(TIMEOUT_S * 1000), retries=False)
        self._write = self._client.write_api(write_options=SYNCHRONOUS)
        self._org, self._bucket = org, bucket

    def write(self, body: bytes) -> Answer:
        """Write line protocol with times in nanoseconds."""
        try:
            self._write.write(bucket=self._bucket, org=self._org, record=body, write_precision=_NS)
        except ApiException as error:
            return _answer(error)
        except (HTTPError, OSError) as error:
            return Answer(Word.LATER, f"no answer from the historian ({type(error).__name__})")
        return Answer(Word.TAKEN)

    def close(self) -> None:
        """Give the connections back."""
        self._write.close()  # type: ignore[no-untyped-call]  # the client publishes no types here
        self._client.close()  # type: ignore[no-untyped-call]  # the same


def _answer(error: ApiException) -> Answer:
    status = int(error.status or 0)
    words = _words(error.body)
    reason = f"{status} {error.reason or ''}: {words[:_REASON]}".strip(" :")
    if status in _REJECTED and "beyond retention policy" in reason:
        return Answer(Word.TOO_OLD, reason)
    if status in _REJECTED:
        said = _DROPPED.search(words)
        return Answer(Word.REJECTED, reason, dropped=int(said[1]) if said else 0)
    if status >= 500 or status in _LATER:
        return Answer(Word.LATER, reason, _wait_s(error.headers))
    return Answer(Word.REFUSED, f"{reason} (token, organisation and bucket?)", 30.0)


def _words(body: Any) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        said = json.loads(text)
        text = str(said.get("message") or said.get("error") or text)
    except (ValueError, AttributeError):
        pass
    return " ".join(text.split())


def _wait_s(headers: Any) -> float:
    """How long the server asks to wait, 0 where it does not say."""
    text = str((headers or {}).get("Retry-After", "")) if hasattr(headers, "get") else ""
    return min(float(text), 300.0) if text.isdigit() else 0.0
