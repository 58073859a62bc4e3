"""Models replaced on a device while clients ask them, with every part real; and what the fleet's
owner is told of it: the device's report and its predictions."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from slipway.domain.card import ModelCard
from tests.fixtures.fleet import Edge, new_edge
from tests.fixtures.load import Load
from tests.fixtures.own_models import release_model, release_wrong_model
from tests.fixtures.tiny_model import make_tiny_model

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(900)]

NAME, PORT, PROGRAM = "tinyparts", 8080, "slipway_serving"
TEMPLATE = "model-pod.yaml.j2"
SOON = {'start: "60"': 'start: "20"', 'probation: "30"': 'probation: "5"'}
# A little more than half of what the interpreter and the smallest model need.
SHORT = {"requests: {cpu: 50m, memory: 64Mi}": "requests: {cpu: 50m, memory: 16Mi}",
         "limits: {memory: 256Mi}": "limits: {memory: 24Mi}"}  # fmt: skip
UPDATES = 6
Record = Callable[[str, object], None]


@dataclass
class Models:
    """The device, the versions that were released to it, and what it has answered."""

    edge: Edge
    folder: Path
    picture: bytes
    answers: Counter[str] = field(default_factory=Counter)  # by version
    repeated: int = 0
    versions: list[str] = field(default_factory=list)

    def next(self) -> str:
        """The name of a version that is newer than all."""
        self.versions.append(f"{NAME}_1_{1501089026 + len(self.versions)}")
        return self.versions[-1]

    def good(self) -> str:
        """A new version as it should be."""
        version = self.next()
        release_model(self.edge.settings, self.folder, version)
        return version

    @contextmanager
    def asked(self, record: Record, name: str) -> Iterator[Load]:
        """Constant requests for predictions, none of which may fail."""
        kind = {"Content-Type": "image/png"}
        self.edge.wait_alone(NAME, PROGRAM)
        with Load(
            self.edge.settings,
            self.edge.name,
            PORT,
            lambda connection: connection.request("POST", "/predict/", self.picture, kind),
            lambda body: str(json.loads(body)["version"]),
        ) as asked:
            self.edge.answering(asked)
            yield asked
        record(name, asked.figures())
        self.answers += asked.answers
        self.repeated += asked.repeated
        assert asked.failures == [], str(asked.counted())
        assert asked.sent > 100


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    folder = tmp_path_factory.mktemp("trained")
    sample = make_tiny_model(tmp_path_factory.mktemp("sample"), f"{NAME}_1_1") / "model.json"
    picture = base64.b64decode(ModelCard.parse(sample.read_bytes()).golden[0].input)
    with new_edge(tmp_path_factory.mktemp("models"), "models", TEMPLATE, SOON) as edge:
        made = Models(edge, folder, picture)
        edge.wait_slot(NAME, "running", made.good())
        yield made


def test_updates_in_a_row_fail_no_request(models: Models, record_property: Record) -> None:
    with models.asked(record_property, "updates of a model in a row") as asked:
        for _ in range(UPDATES):
            version = models.good()
            models.edge.wait_answers(asked, version)
        models.edge.wait_slot(NAME, "running", version)
    assert set(asked.answers) == set(models.versions[-UPDATES - 1 :])


def test_a_model_that_answers_wrongly_never_displaces_the_one_that_serves(
    models: Models, record_property: Record
) -> None:
    edge = models.edge
    with models.asked(record_property, "a model that answers wrongly") as asked:
        before, wrong = asked.now, models.next()
        release_wrong_model(edge.settings, models.folder, wrong)
        reason = edge.wait_slot(NAME, "quarantined", wrong)
        assert "golden sample" in reason
        after = models.good()
        edge.wait_answers(asked, after)
        edge.wait_slot(NAME, "running", after)
    assert set(asked.answers) == {before, after}


def test_a_model_that_eats_its_memory_limit_never_displaces_the_one_that_serves(
    models: Models, record_property: Record
) -> None:
    edge = models.edge
    with models.asked(record_property, "a model that eats its memory limit") as asked:
        before = asked.now
        edge.change_template(TEMPLATE, {**SOON, **SHORT})
        large = models.good()
        reason = edge.wait_slot(NAME, "quarantined", large)
        assert "OOMKilled" in reason
        assert set(asked.answers) == {before}
        edge.change_template(TEMPLATE, SOON)
        after = models.good()
        edge.wait_answers(asked, after)
        edge.wait_slot(NAME, "running", after)


def test_the_owner_sees_what_the_device_runs(models: Models) -> None:
    edge = models.edge
    slot = edge.slot(NAME)
    edge.chain.wait("a report of that", lambda: reported(edge) == slot["version"] or None)
    told = edge.chain.ask("devices", edge.name)
    (pod,) = (pod for pod in told["pods"] if pod["slot"] == NAME)
    assert pod["running"] == {"version": models.versions[-1], "digest": slot["digest"]}
    assert (pod["wanted"], pod["state"], pod["restarts"]) == (pod["running"], "running", 0)
    assert (told["device"], told["channel"], told["health"]) == (edge.name, "latest", "ok")
    assert told["trust"]["state"] == "fresh"
    assert 0 < told["memory"]["available"] < told["memory"]["total"]
    assert [each["device"] for each in edge.chain.ask("devices")] == [edge.name]
    for shown in (edge.chain.slipway("devices"), edge.chain.slipway("devices", edge.name)):
        assert models.versions[-1] in shown


def reported(edge: Edge) -> str:
    report = edge.report()
    return next((pod.running for pod in report.pods if pod.slot == NAME), "") if report else ""


def test_the_owner_reads_every_prediction(models: Models) -> None:
    """Those of the versions that were replaced: each hands over what it has kept as it ends."""
    edge = models.edge
    ended = {version: count for version, count in models.answers.items() if count}
    del ended[models.versions[-1]]

    def look() -> Counter[str] | None:
        told = edge.chain.slipway("predictions", "--device", edge.name, "--json")
        records = [json.loads(line) for line in told.splitlines()]
        found = Counter(record["version"] for record in records)
        assert len({record["id"] for record in records}) == len(records)
        return found if all(found[version] >= ended[version] for version in ended) else None

    found = edge.chain.wait("all predictions", look)
    assert sum(found[version] - ended[version] for version in ended) <= models.repeated
    shown = edge.chain.slipway("predictions", "--version", models.versions[0], "--last", "1")
    assert models.versions[0] in shown
