"""How many sensors one serving container keeps up with on one core, and how long it takes.

The container's process has one core to itself (taskset); the broker, Debian's mosquitto, and the
sensors have the others. It keeps up with as many sensors as get all of their predictions, the last
ones within a second of their readings.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.report import percentile, report
from slipway_features.messages import write_reading
from tests.fixtures.free_ports import free_port
from tests.fixtures.mosquitto import Listener, Mosquitto, listening
from tests.fixtures.serving import Serving, running_serving
from tests.fixtures.streaming import status
from tests.fixtures.waiting import wait_for

WORKLOADS = ("motion", "sounds")
SECONDS = 15.0  # of each run
LATENCIES = 300
LATE = 1.0  # seconds
LESS = 0.9  # of the sensors, when it did not keep up with so many
TUMBLING = 300  # samples of an anomaly score
BATCH = 10  # samples of a message where there is a score only so often


@dataclass(frozen=True)
class Load:
    """What a model's sensors send."""

    rate: float  # Hz
    axes: int
    batch: int  # samples of a message
    first: int  # samples until the first prediction
    every: int  # samples from one prediction to the next

    @classmethod
    def of(cls, model: Path) -> "Load":
        """As the card says."""
        card = json.loads((model / "model.json").read_bytes())
        found = card["preprocessing"]
        rate, axes, step = found["rate"], len(found["axes"]), found["step"]
        if card["task"] == "anomaly-detection":
            return cls(rate, axes, BATCH, TUMBLING, TUMBLING)
        return cls(rate, axes, step, found["window"], step)

    def message(self, number: int) -> bytes:
        """One of a sensor's messages, which is noise: PCM of a microphone, else JSON."""
        noise = np.random.default_rng(number).normal(0, 0.2, (self.batch, self.axes))
        if self.axes == 1:
            return (np.clip(noise, -1, 1) * 32767).astype("<i2").tobytes()
        at = number * self.batch / self.rate
        return write_reading(noise.round(4), rate=self.rate, time=at)

    def predictions(self, messages: int) -> int:
        """How many so many messages of a sensor lead to."""
        return max(0, (messages * self.batch - self.first) // self.every + 1)

    def messages(self, predictions: int) -> int:
        """How many messages it takes to get so many."""
        return -(-(self.first + (predictions - 1) * self.every) // self.batch)


@dataclass(frozen=True)
class Run:
    """What some seconds of sending showed."""

    sensors: int
    kept_up: bool
    busy: float  # share of the core
    bytes: int  # resident


def main() -> None:
    """Measure each workload."""
    for name in WORKLOADS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            subprocess.run(
                [sys.executable, "-m", "tests.fixtures.little_training", str(folder), name],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
            (model,) = (folder / name).iterdir()
            _measure(name, model, folder)


def _measure(name: str, model: Path, folder: Path) -> None:
    load = Load.of(model)
    with _container(model, folder) as (serving, client):
        seconds = _latencies(client, load)
        one = _run(serving, client, load, 1)
        most = _most(serving, client, load, one)
    report(
        "streams",
        workload=name,
        rate_hz=load.rate,
        predictions_per_second_and_sensor=round(load.rate / load.every, 2),
        sample_in_to_prediction_out_ms_p50=round(1000 * percentile(seconds, 0.5), 2),
        sample_in_to_prediction_out_ms_p99=round(1000 * percentile(seconds, 0.99), 2),
        sensors_on_one_core=most.sensors if most.kept_up else 0,
        share_of_the_core=round(most.busy, 2),
        megabytes_resident=round(most.bytes / 2**20, 1),
        megabytes_resident_with_one_sensor=round(one.bytes / 2**20, 1),
    )


def _most(serving: Serving, client: Listener, load: Load, one: Run) -> Run:
    """The run with the most sensors that it kept up with: more and more until it did not, or the
    core was busy; then less."""
    best, sensors = one, int(LESS / one.busy)
    while sensors > best.sensors:
        run = _run(serving, client, load, sensors)
        if not run.kept_up:
            sensors = int(sensors * LESS)
            continue
        best = run
        if run.busy > LESS:
            break
        sensors = int(sensors * LESS / run.busy)
    return best


@contextmanager
def _container(model: Path, folder: Path) -> Iterator[tuple[Serving, Listener]]:
    """The serving process on the last core, its broker and its sensors on the others."""
    cores = sorted(os.sched_getaffinity(0))
    (folder / "mosquitto").mkdir()
    broker = Mosquitto(free_port(), folder / "mosquitto", _BROKER)
    file = folder / "streams.toml"
    file.write_text(
        f'device = "bench"\n[broker]\nport = {broker.port}\n'
        f"[windows]\nvotes = 1\ntumbling = {TUMBLING}\n[bounds]\nsensors = 10000\n"
    )
    os.sched_setaffinity(0, cores[:-1] or cores)
    broker.start()
    try:
        with (
            running_serving(model, folder, "--streams", str(file)) as serving,
            listening(broker.port, "slipway/predictions/+") as client,
        ):
            for thread in Path(f"/proc/{serving.process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores[-1:])
            wait_for(lambda: status(serving).get("readings") == "ok", "the streams to begin")
            yield serving, client
    finally:
        broker.stop()
        os.sched_setaffinity(0, cores)


_BROKER = "allow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n"


def _latencies(client: Listener, load: Load) -> list[float]:
    """From a message's way out until its prediction has come."""
    topic, seconds = "slipway/predictions/latency", []
    before = 0
    for number in range(load.messages(LATENCIES)):
        body = load.message(number)
        expected = load.predictions(number + 1)
        begun = time.perf_counter()
        client.client.publish("slipway/readings/latency", body, qos=1)
        if expected > before:
            while len(client.of(topic)) < expected:
                time.sleep(0.0001)
            seconds.append(time.perf_counter() - begun)
        before = expected
    return seconds


def _run(serving: Serving, client: Listener, load: Load, sensors: int) -> Run:
    """Let sensors send in real time, each at its own moment."""
    period = load.batch / load.rate
    messages = max(int(SECONDS / period), load.messages(5))
    bodies = [load.message(number) for number in range(messages)]
    run = time.monotonic_ns()
    client.messages.clear()
    expected = sensors * load.predictions(messages)
    busy, begun = _cpu_seconds(serving), time.monotonic()
    for number in range(messages):
        for sensor in range(sensors):
            due = begun + (number + sensor / sensors) * period
            if (early := due - time.monotonic()) > 0:
                time.sleep(early)
            client.client.publish(f"slipway/readings/{run}-{sensor}", bodies[number], qos=1)
    behind = time.monotonic() - begun - messages * period
    end = time.monotonic() + LATE
    while len(client.messages) < expected and time.monotonic() < end:
        time.sleep(0.01)
    kept_up = len(client.messages) >= expected
    taken = time.monotonic() - begun
    busy = (_cpu_seconds(serving) - busy) / taken
    _drain(client)
    if behind > LATE:
        raise SystemExit(f"error: the sensors were {behind:.1f} s late: there is too little CPU")
    return Run(sensors, kept_up, busy, _resident(serving))


def _drain(client: Listener) -> None:
    """Until nothing comes any more."""
    quiet = threading.Event()
    count = -1
    while count != len(client.messages):
        count = len(client.messages)
        quiet.wait(1.0)


def _cpu_seconds(serving: Serving) -> float:
    fields = Path(f"/proc/{serving.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(serving: Serving) -> int:
    pages = Path(f"/proc/{serving.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
