"""A bucket in memory, for tests of what uses one; the contract tests prove it."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Lock

from slipway.domain.errors import AlreadyExists, Denied, NotFound
from slipway.domain.keys import check_key
from slipway.ports.bucket import ObjectInfo


class FakeBucket:
    """Port `Bucket` over a dictionary. `missing` and `denied` make every call fail so."""

    def __init__(self, name: str = "fake") -> None:
        self.contents: dict[str, bytes] = {}
        self.missing = False
        self.denied = False
        self._name = name
        self._lock = Lock()

    @property
    def url(self) -> str:
        return f"memory://{self._name}"

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self._check()
        with self._lock:
            found = [ObjectInfo(k, len(v), sha256(v).hexdigest()) for k, v in self.contents.items()]
        return iter(sorted(info for info in found if info.key.startswith(prefix)))

    def folders(self, prefix: str = "") -> Iterator[str]:
        found = (info.key.removeprefix(prefix) for info in self.objects(prefix))
        return iter({key.partition("/")[0] for key in found if "/" in key})

    def read(self, key: str) -> bytes:
        check_key(key)
        self._check()
        try:
            return self.contents[key]
        except KeyError:
            raise NotFound(f"{self.url}/{key} does not exist") from None

    def write(self, key: str, data: bytes) -> None:
        check_key(key)
        self._check()
        with self._lock:
            self.contents[key] = data

    def create(self, key: str, data: bytes) -> None:
        check_key(key)
        self._check()
        with self._lock:
            if key in self.contents:
                raise AlreadyExists(f"{self.url}/{key} exists already")
            self.contents[key] = data

    def delete(self, key: str) -> None:
        check_key(key)
        self._check()
        with self._lock:
            self.contents.pop(key, None)

    def download(self, key: str, path: Path) -> None:
        path.write_bytes(self.read(key))

    def upload(self, path: Path, key: str) -> None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"{path} does not exist") from None
        self.write(key, data)

    def _check(self) -> None:
        if self.missing:
            raise NotFound(f"bucket {self.url} does not exist")
        if self.denied:
            raise Denied(f"{self.url} refuses access")


class CountingBucket(FakeBucket):
    """Says what was read, in `asked`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def read(self, key: str) -> bytes:
        self.asked.append(key)
        return super().read(key)
