"""Data keys wrapped a second by a key in the key file, in a transit service and in a PKCS#11 token.

    suyuan bench keys [--items 50000]

The base is the key file in the same run. The service is OpenBao on this machine over TLS with everything in memory, the
token is SoftHSM: what a network or a real module adds comes on top. Needs the development packages and `softhsm2`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from _common import tell, timed

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))


def speed(holder: Any, key_id: int, items: list[tuple[bytes, bytes]]) -> tuple[float, float]:
    """Items wrapped and unwrapped a second, 5,000 a call as an import does."""
    portions = [items[start : start + 5000] for start in range(0, len(items), 5000)]
    wrapped: list[list[bytes]] = []
    there = timed(lambda: wrapped.extend(holder.wrap(key_id, some) for some in portions))
    places = [
        [(place, one) for (place, _), one in zip(*both, strict=True)] for both in zip(portions, wrapped, strict=True)
    ]
    back = timed(lambda: [holder.unwrap(key_id, some) for some in places])
    return len(items) / there, len(items) / back


def one_by_one(holder: Any, key_id: int) -> float:
    """Milliseconds to unwrap a single data key, as a page of one record does."""
    [wrapped] = holder.wrap(key_id, [(b"p" * 16, b"k" * 32)])
    return timed(lambda: [holder.unwrap(key_id, [(b"p" * 16, wrapped)]) for _ in range(200)]) * 5


def main() -> None:
    from key_places import bao, soft_token
    from suyuan.vault import keyfile

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=50_000)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    items = [(n.to_bytes(16, "big"), n.to_bytes(32, "big")) for n in range(asked.items)]
    with tempfile.TemporaryDirectory() as folder, bao(Path(folder)) as service:
        path = Path(folder) / "keys.sealed"
        keyfile.create(path, "bench")
        sealed = keyfile.KeyFile(path, "bench")
        holders = {
            "key file": sealed,
            "transit": service.holder(service.token()),
            "token": soft_token(Path(folder), "bench").holder(),
        }
        figures: dict[str, Any] = {"items": asked.items}
        wrapping = {}
        for name, holder in holders.items():
            if name != "key file":
                holder.make(1, "aes-256-gcm")
            key_id = sealed.current_key(1) if name == "key file" else 1
            wrapping[name], unwrapping = speed(holder, key_id, items)
            figures[f"{name}: wrapped a second"] = wrapping[name]
            figures[f"{name}: unwrapped a second"] = unwrapping
            figures[f"{name}: one unwrapped, ms"] = one_by_one(holder, key_id)
    slower = {name: wrapping["key file"] / wrapping[name] for name in ("transit", "token")}
    tell(
        figures,
        f"wrapping takes {slower['transit']:.1f} x the key file's time in transit, {slower['token']:.1f} x in a token",
    )


if __name__ == "__main__":
    main()
