"""What the benchmarks send: records of about 1 KB and 4.5 KB, repeated, and records that are all different."""

from typing import Any

from tests.sender import frame

Map = dict[str, Any]
DIFFERENT = 20  # errors in a stream


def record(number: int, frames: int, logs: int) -> Map:
    """Error `number`, as the client reports one of that depth."""
    stack = [
        {
            "function": f"handle_{number}_{depth}",
            "module": f"shop.orders.part{depth}",
            "file": f"/srv/shop/orders/part{depth}.py",
            "line": 40 + depth,
            "in_app": True,
            "source": "total = sum(each.price for each in order.lines)",
        }
        for depth in range(frames)
    ]
    return {
        "message": f"order could not be priced by rule {chr(65 + number % 26)}{number}",
        "type": "PricingError",
        "service": f"shop-{number % 8}",  # no service may take more than half of the room
        "release": "2.4.1",
        "exceptions": [{"type": "PricingError", "module": "shop.errors", "frames": stack}],
        "logs": [f"12:00:{n:02} INFO shop.orders priced an order of three lines" for n in range(logs)],
        "context": {
            "command": "shop-worker --queue orders",
            "cwd": "/srv/shop",
            "python": "3.11.7",
            "platform": "Linux",
        },
    }


SMALL = record(1, frames=4, logs=2)
WIDE = record(1, frames=20, logs=10)


def stream(like: Map, records: int) -> bytes:
    """Frames numbered from 1: `DIFFERENT` errors, each as large as `like`, again and again."""
    frames, logs = len(like["exceptions"][0]["frames"]), len(like["logs"])
    errors = [record(number, frames, logs) for number in range(DIFFERENT)]
    return b"".join(frame({"seq": seq, **errors[seq % DIFFERENT]}) for seq in range(1, records + 1))


def distinct(signatures: int) -> bytes:
    """Frames numbered from 1, every one another error."""
    return b"".join(frame({"seq": seq, **record(seq, 4, 2)}) for seq in range(1, signatures + 1))
