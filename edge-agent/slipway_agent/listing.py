"""`index.json`, the signed list of what stands in a folder of the bucket.

`{"schema": 1, "files": [{"name": "hello-pod.yaml", "size": 812, "sha256": "…"}, …]}`

It is there so that a client learns the names with no more than python-tuf's public interface; how
long a file is and what its digest is, the signed metadata says.
"""

import json
import re

from slipway_agent.errors import Refused

INDEX = "index.json"
LARGEST_INDEX = 1024 * 1024  # bytes
MOST_FILES = 2000  # in one folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_SUFFIXES = (".yaml", ".yml")


def read_index(data: bytes, where: str) -> tuple[str, ...]:
    """The names of the manifests in a folder, sorted; Refused if the list is malformed."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{where} is not JSON") from error
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise Refused(f"{where} has not schema 1", hint="A newer agent may be able to read it")
    files = document.get("files")
    if not isinstance(files, list):
        raise Refused(f"{where} has no list of files")
    names = {_name(file, where) for file in files}
    if len(names) > MOST_FILES:
        raise Refused(f"{where} has more than {MOST_FILES} manifests")
    return tuple(sorted(name for name in names if name.endswith(_SUFFIXES)))


def _name(file: object, where: str) -> str:
    name = file.get("name") if isinstance(file, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused(
            f"{where} lists {str(name)[:80]!r}, which is not a file name for a manifest",
            hint="Use letters, digits, dots, hyphens and underscores",
        )
    return name
