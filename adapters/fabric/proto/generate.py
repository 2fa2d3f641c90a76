"""Compile this folder's .proto files to citygate.fabric.gateway._protos: python proto/generate.py [folder]

protoc's output registers itself in the default descriptor pool, where another copy of Fabric's messages
(all copies share names such as `common.Envelope`) would collide with it. Here it gets a pool of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent
TARGET = SOURCES.parent / "src" / "citygate" / "fabric" / "gateway" / "_protos"

_SIBLING = re.compile(r"^import (\w+_pb2) as", re.MULTILINE)
_DEFAULT_POOL = "from google.protobuf import descriptor_pool as _descriptor_pool\n"
_OUR_POOL = "from ._pool import POOL as _POOL\n"


def generate(target: Path) -> None:
    """Write `<name>_pb2.py` and `<name>_pb2.pyi` for each .proto file."""
    names = sorted(source.name for source in SOURCES.glob("*.proto"))
    outputs = (f"--python_out={target}", f"--pyi_out={target}")
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCES}", *outputs, *names], check=True)
    for name in names:
        stem = name.replace(".proto", "_pb2")
        for path in (target / f"{stem}.py", target / f"{stem}.pyi"):
            text = _SIBLING.sub(r"from . import \1 as", path.read_text())
            text = text.replace("_descriptor_pool.Default()", "_POOL")
            if path.suffix == ".py":
                text = text.replace(_DEFAULT_POOL, _OUR_POOL)
            path.write_text(text)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
