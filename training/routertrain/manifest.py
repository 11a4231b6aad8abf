"""What a bundle is made of: size and hash of every file, and a version that follows from them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

FORMAT = 1
FILES = ("model.onnx", "tokenizer.json", "config.json", "heads.json")


def manifest(folder: Path) -> dict[str, Any]:
    """Size and hash of every file, and a version made of them all."""
    files = {name: _fingerprint(folder / name) for name in FILES}
    joined = "".join(f"{name}:{entry['sha256']}\n" for name, entry in sorted(files.items()))
    return {"format": FORMAT, "version": hashlib.sha256(joined.encode()).hexdigest()[:16], "files": files}


def _fingerprint(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
