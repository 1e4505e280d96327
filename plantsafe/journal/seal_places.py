"""How seals leave the house: files in a folder, a mail, a post to a web server. Each call waits, and may fail."""

import json
import os
import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import urllib3

from plantsafe.errors import PlantsafeError
from plantsafe.journal.seal import Seal
from plantsafe.plant.model import SealMail, SealPlace, SealWebhook

TIMEOUT_S = 20.0  # for a mail or web server to answer (site default)


class NotDeliveredError(PlantsafeError):
    """A place did not take the seals; they are offered again."""


def deliver(place: SealPlace, seals: Sequence[Seal]) -> None:
    """Put `seals` there, all of them or an error; one that is there already is the same afterwards."""
    try:
        if place.folder is not None:
            _to_folder(Path(place.folder), seals)
        elif place.mail is not None:
            _by_mail(place.mail, seals)
        elif place.webhook is not None:
            _to_webhook(place.webhook, seals)
    except (OSError, smtplib.SMTPException, urllib3.exceptions.HTTPError) as error:
        raise NotDeliveredError(f"{type(error).__name__}: {error}") from error


def file_name(seal: Seal) -> str:
    """The name of a seal's file: sorts by number."""
    return f"{seal.site}-seal-{seal.number:08d}.json"


def write_whole(path: Path, content: bytes) -> None:
    """The file is there with all its bytes, on the disk, or it is not there."""
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    number = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _to_folder(folder: Path, seals: Sequence[Seal]) -> None:
    """The folder is never made: where a share is not mounted, a folder of ours in its place would be inside."""
    for seal in seals:
        write_whole(folder / file_name(seal), seal.document().encode() + b"\n")


def _by_mail(mail: SealMail, seals: Sequence[Seal]) -> None:
    newest = seals[-1]
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Subject"] = f"plantsafe {newest.site}: seal {newest.number}, {newest.seq} events"
    when = datetime.fromtimestamp(newest.scan_ns / 1e9, UTC)
    message.set_content(
        f"Head of the journal of {newest.site} after scan {newest.scan} ({when:%Y-%m-%d %H:%M:%S} UTC):\n"
        f"event {newest.seq}, hash {newest.head}\n\n"
        "Keep this mail. With the attached file anybody can find out later whether an event up to this one was\n"
        "changed, taken out or added: plantsafe journal verify --head FILE\n\n"
        f"{newest.site} 事件记录链首（扫描 {newest.scan}）：事件 {newest.seq}，哈希 {newest.head}\n"
        "请保存本邮件。凭附件可随时核对此前事件是否被篡改、删除或插入：plantsafe journal verify --head 文件\n"
    )
    lines = "".join(f"{seal.document()}\n" for seal in seals).encode()
    message.add_attachment(lines, maintype="application", subtype="json", filename=file_name(newest))
    host, _, port = mail.server.rpartition(":")
    context = ssl.create_default_context()
    if mail.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(host, int(port), timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(host, int(port), timeout=TIMEOUT_S)
    with client:
        if mail.security == "starttls":
            client.starttls(context=context)
        if mail.user is not None and mail.password_env is not None:
            client.login(mail.user, _secret(mail.password_env))
        refused = client.send_message(message)
    if refused:
        raise NotDeliveredError(f"the mail server refused {', '.join(refused)}")


def _to_webhook(webhook: SealWebhook, seals: Sequence[Seal]) -> None:
    headers = {"Content-Type": "application/json"}
    if webhook.token_env is not None:
        headers["Authorization"] = f"Bearer {_secret(webhook.token_env)}"
    body = json.dumps({"seals": [json.loads(seal.document()) for seal in seals]}, ensure_ascii=False).encode()
    with urllib3.PoolManager(timeout=TIMEOUT_S) as pool:
        answer = pool.request("POST", webhook.url, body=body, headers=headers, retries=False, redirect=False)
    if not 200 <= answer.status < 300:
        raise NotDeliveredError(f"the server answered {answer.status}")


def _secret(variable: str) -> str:
    if not (value := os.environ.get(variable, "")):
        raise NotDeliveredError(f"the environment has no {variable}")
    return value
