"""Rosters that people upload: tried first, then delivered into the landing folder.

The file's name there is made here; the one that its sender gave it is kept as text. What the upload
adds to a dropped file is that its sender is known, who gets the gate's answer.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Connection, text

from rtm import audit
from rtm.landing import Arrival, Trial, deliver, try_file
from rtm.landing.workbooks import LARGEST_FILE
from rtm.sources.canonical import ROSTER
from rtm.warehouse import Warehouse

if TYPE_CHECKING:
    from upath import UPath

SUBJECT = "roster_upload"
LONGEST_NAME = 200
MOST_ROWS = 20
"""Of those that cannot be read, so many are told."""

INSERT = text(
    """
    insert into ops.roster_upload
        (file_name, original_name, content_sha256, size_bytes, service_codes, uploaded_by,
         uploaded_at)
    values
        (:file_name, :original_name, :content_sha256, :size_bytes, :service_codes, :actor, :at)
    returning upload_id
    """
)


class UploadError(ValueError):
    """A file that is not taken. `reason` is a code, `detail` what landing says of it:

    - `no_file`: none was chosen, or it is empty;
    - `wrong_ending`: not a kind of file that rosters come in;
    - `too_large`;
    - `unreadable`: landing would put it into quarantine as a whole;
    - `no_entries`: no row of it can be read, or of no known service.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Upload:
    """A file that is at hand and not delivered yet."""

    original_name: str
    suffix: str
    content: Path
    size_bytes: int
    sha256: str


@contextmanager
def received(name: str, content: IO[bytes]) -> Iterator[Upload]:
    """The file on disk, for as long as it is looked at; raises UploadError."""
    original = original_name(name)
    suffix = next((end for end in ROSTER.suffixes if original.lower().endswith(end)), None)
    if original and suffix is None:
        raise UploadError("wrong_ending", ", ".join(ROSTER.suffixes))
    with tempfile.TemporaryDirectory(prefix="rtm-upload-") as folder:
        path = Path(folder) / "content"
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        size = path.stat().st_size
        if not original or suffix is None or size == 0:
            raise UploadError("no_file")
        if size > LARGEST_FILE:
            raise UploadError("too_large", f"{LARGEST_FILE >> 20}")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield Upload(original, suffix, path, size, digest)


def try_upload(warehouse: Warehouse, upload: Upload, at: datetime) -> Trial:
    """What would come of the file; nothing of it is kept. Raises UploadError."""
    name = f"upload{upload.suffix}"
    arrival = Arrival(ROSTER, LocalFileSystem(), name, at, upload.size_bytes, upload.content)
    trial = try_file(warehouse, arrival, MOST_ROWS)
    if trial.landed.outcome == "quarantined":
        raise UploadError("unreadable", trial.quarantined[0].reason if trial.quarantined else "")
    if not trial.covers:
        raise UploadError("no_entries", trial.quarantined[0].reason if trial.quarantined else "")
    return trial


def deliver_upload(
    connection: Connection,
    landing: Callable[[], UPath],
    upload: Upload,
    services: list[str],
    actor: str,
    at: datetime,
) -> int:
    """Delivers the file and records who sent it; returns the upload's number.

    Raises OSError where the landing folder cannot be written; nothing is recorded then.
    """
    named = f"{at:%Y-%m-%dT%H%M%S}_{'-'.join(services)}_{actor}_{upload.sha256[:12]}"
    file_name = re.sub(r"[^\w.-]", "-", named, flags=re.ASCII)[-LONGEST_NAME:] + upload.suffix
    upload_id: int = connection.execute(
        INSERT,
        {
            "file_name": file_name,
            "original_name": upload.original_name,
            "content_sha256": upload.sha256,
            "size_bytes": upload.size_bytes,
            "service_codes": services,
            "actor": actor,
            "at": at,
        },
    ).scalar_one()
    with upload.content.open("rb") as content:
        deliver(landing(), ROSTER.name, file_name, content)
    told = {"file_name": file_name, "original_name": upload.original_name, "services": services}
    audit.record(
        *(connection, at, actor, SUBJECT, upload_id, "upload", services),
        {**told, "content_sha256": upload.sha256},
    )
    return upload_id


def original_name(name: str) -> str:
    """The name without the folders that some browsers tell, as text that can be stored."""
    last = re.split(r"[/\\]", name)[-1].replace("\x00", "")
    return last.encode("utf-8", "replace").decode()[-LONGEST_NAME:].strip()
