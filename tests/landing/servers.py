"""Real servers on loopback that files are landed from: one that speaks S3, one that speaks SFTP."""

from __future__ import annotations

import asyncio
import os
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncssh
import boto3
from moto.server import ThreadedMotoServer

BUCKET = "deliveries"
KEY_ID, SECRET = "AKIDEXAMPLE", "s3-secret-of-the-test"
USER, PASSWORD = "deliverer", "sftp-secret: of the/test"


class S3Server:
    """Keeps its objects while it is stopped."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        _, self.port = self._server.get_host_and_port()
        self.client.create_bucket(Bucket=BUCKET)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def put(self, name: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=BUCKET, Key=name, Body=body)

    def rename(self, name: str, new: str) -> None:
        self.client.copy_object(Bucket=BUCKET, Key=new, CopySource={"Bucket": BUCKET, "Key": name})
        self.client.delete_object(Bucket=BUCKET, Key=name)

    def check_logins(self) -> None:
        """From here on every request is refused whose login the server does not know."""
        self._order("reset-auth", b"0")

    def forget_all(self) -> None:
        self._order("reset-auth", b"inf")
        self._order("reset", b"")

    def _order(self, what: str, body: bytes) -> None:
        address = f"{self.endpoint}/moto-api/{what}"
        plain = {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(address, body, plain)).read()

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.forget_all()
    server.stop()


class _Logins(asyncssh.SSHServer):
    def __init__(self, connections: set[Any], keys: Path) -> None:
        self._connections = connections
        self._keys = keys

    def connection_made(self, conn: Any) -> None:
        self._connections.add(conn)
        self._connection = conn

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        if self._keys.exists():
            self._connection.set_authorized_keys(str(self._keys))
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


class SftpServer:
    """Shows the folder `root` as `/`."""

    def __init__(self, root: Path, keys: Path) -> None:
        self.root = root
        self.keys = keys
        """authorized_keys"""
        self.port = 0
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._connections: set[Any] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    @property
    def host_key(self) -> str:
        return " ".join(self._key.export_public_key().decode().split()[:2])

    def put(self, name: str, content: str | bytes, arrived_at: datetime | None = None) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if arrived_at:
            os.utime(path, (arrived_at.timestamp(), arrived_at.timestamp()))
        return path

    def rename(self, name: str, new: str) -> None:
        (self.root / name).rename(self.root / new)

    def start(self) -> None:
        async def listen() -> Any:
            return await asyncssh.create_server(
                lambda: _Logins(self._connections, self.keys),
                "127.0.0.1",
                self.port,
                server_host_keys=[self._key],
                sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(self.root)),
                reuse_address=True,
            )

        self._server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()
        self.port = self._server.get_port()

    def stop(self) -> None:
        async def close() -> None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result()


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    root = folder / "served"
    root.mkdir()
    server = SftpServer(root, folder / "authorized_keys")
    yield server
    server.stop()
    server._loop.call_soon_threadsafe(server._loop.stop)
    server._thread.join()
