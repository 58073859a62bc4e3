"""Compiles a folder's Python files for the images' Python.

Run by the images' version of Python as `python3.11 -I -S bytecode.py FOLDER`: bytecode is the
same on every arch. `py_compile` would not do: since version 3 of the marshal format what it
writes depends on reference counts. Files carry the hash of their source, unchecked, so that
neither times nor the source itself are looked at on the device.
"""

import importlib.util
import marshal
import sys
from pathlib import Path

_UNCHECKED_HASH = 0b01  # flags of PEP 552
_MARSHAL_WITHOUT_REFERENCES = 2


def compile_folder(folder: Path) -> None:
    """Write `__pycache__/NAME.cpython-….pyc` beside each `NAME.py`."""
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        shown = f"/{path.relative_to(folder)}"
        try:
            code = compile(source, shown, "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, ValueError):
            continue  # templates and tests of other versions: as Debian does
        target = Path(importlib.util.cache_from_source(str(path)))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(
            importlib.util.MAGIC_NUMBER
            + _UNCHECKED_HASH.to_bytes(4, "little")
            + importlib.util.source_hash(source)
            + marshal.dumps(code, _MARSHAL_WITHOUT_REFERENCES)
        )


if __name__ == "__main__":
    compile_folder(Path(sys.argv[1]))
