"""What it costs a prediction to be kept, and the device to write it down."""

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report import percentile, report
from tests.fixtures.tiny_model import make_tiny_model

if TYPE_CHECKING:
    from slipway_serving.card import Card

sys.path.append(str(Path(__file__).parents[1] / "containers" / "serving"))

RECORDS = 20_000
_AT_ONCE = 200  # records, between which the writer is let up
SIZES = (30_000, 1_000_000)  # bytes of an image


def main() -> None:
    """Keep predictions of images that clients send, and of one that they name."""
    from slipway_serving.card import read_card

    with tempfile.TemporaryDirectory() as name:
        model = make_tiny_model(Path(name), "equipmentparts_1_1501089026")
        card = read_card(model / "model.json")
        for size in SIZES:
            _measure(card, None, size, RECORDS * SIZES[0] // size)
        _measure(card, "line-1/nut.png", SIZES[0], RECORDS)


def _measure(card: "Card", source: str | None, size: int, records: int) -> None:
    from slipway_serving.predictions import Journal
    from slipway_serving.spool import Spool

    predictions = [{"label": label, "score": 0.123456} for label in card.labels]
    data = bytes(size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, 64 * 2**20)
        journal = Journal(card, "sha256:" + "0" * 64, spool)
        seconds = []
        before = time.process_time()
        for number in range(records):
            begun = time.perf_counter()
            journal.add(source, data, predictions, 1.234)
            seconds.append(time.perf_counter() - begun)
            if number % _AT_ONCE == 0:
                time.sleep(0.02)
        spool.close(10)
        used = time.process_time() - before
        segments = list(folder.glob("*.jsonl"))
        written = sum(path.stat().st_size for path in segments)
        kept = sum(path.read_bytes().count(b"\n") for path in segments)
    report(
        "spool",
        input="path" if source else f"{size} bytes",
        records=records,
        kept=kept,
        microseconds_p50=round(percentile(seconds, 0.5) * 1e6, 1),
        microseconds_p95=round(percentile(seconds, 0.95) * 1e6, 1),
        cpu_microseconds_each=round(used / records * 1e6, 1),
        bytes_each=round(written / kept),
    )


if __name__ == "__main__":
    main()
