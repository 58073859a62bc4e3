"""The kubelet's answers, as the real one gives them, and what is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from agent_testing.web import Site, serve
from slipway_agent.errors import InvalidOption
from slipway_agent.kubelet import Kubelet, PodView
from slipway_agent.watch import Watch

STARTED = "2017-07-26T20:43:46Z"


def _pod(status: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "m-1a2b3c4d-edge-1", "namespace": "default"},
        "spec": {"nodeName": "edge-1"},
        "status": status,
    }


def _container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"state": state, "lastState": {}, "ready": False, "restartCount": 0, **more}


def _status(phase: str, *containers: dict[str, Any], ready: str = "False") -> dict[str, Any]:
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]
    return {"phase": phase, "conditions": conditions, "containerStatuses": list(containers)}


def _read(tmp_path: Path, document: object) -> dict[str, PodView] | None:
    (tmp_path / "pods").write_text(json.dumps(document))
    with serve(Site(tmp_path)) as url:
        return Kubelet(url).pods()


def _view(tmp_path: Path, status: dict[str, Any]) -> PodView:
    pods = _read(tmp_path, {"kind": "PodList", "items": [_pod(status)]})
    assert pods is not None
    return pods["m-1a2b3c4d"]


def test_a_pod_that_is_ready(tmp_path: Path) -> None:
    status = _status("Running", _container({"running": {"startedAt": STARTED}}), ready="True")
    view = _view(tmp_path, status)
    assert (view.ready, view.running, view.restarts) == (True, True, 0)
    assert view.started == 1501101826.0


def test_a_pod_whose_image_is_pulled(tmp_path: Path) -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    view = _view(tmp_path, _status("Pending", _container({"waiting": waiting})))
    assert (view.ready, view.running, view.started) == (False, False, None)
    assert (view.waiting, view.message) == ("ImagePullBackOff", "Back-off pulling image")


def test_a_pod_that_crashes_tells_how_it_ended(tmp_path: Path) -> None:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    last = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    container = _container({"waiting": waiting}, lastState=last, restartCount=3)
    view = _view(tmp_path, _status("Running", container))
    assert (view.waiting, view.restarts) == ("CrashLoopBackOff", 3)
    assert view.message == "OOMKilled, exit code 137"


def test_a_pod_that_ended_tells_the_last_line_that_it_said(tmp_path: Path) -> None:
    said = "reading /model\nerror: the model has no input\n"
    end = {"reason": "Error", "exitCode": 1, "message": said}
    view = _view(tmp_path, _status("Running", _container({"terminated": end})))
    assert view.message == "Error, exit code 1: error: the model has no input"
    end["message"] = "x" * 5000
    view = _view(tmp_path, _status("Running", _container({"terminated": end})))
    assert len(view.message) < 400


def test_a_pod_that_was_not_admitted_or_was_evicted(tmp_path: Path) -> None:
    status = {"phase": "Failed", "reason": "OutOfmemory", "message": "not enough resource"}
    view = _view(tmp_path, status)
    assert (view.rejected, view.message) == ("OutOfmemory", "not enough resource")


def test_a_pod_that_has_done_its_work_is_ready(tmp_path: Path) -> None:
    end = {"reason": "Completed", "exitCode": 0, "startedAt": STARTED}
    view = _view(tmp_path, _status("Succeeded", _container({"terminated": end})))
    assert (view.ready, view.running, view.terminated) == (True, False, "Completed")
    assert view.rejected == ""


def test_a_pod_that_the_kubelet_has_only_just_seen(tmp_path: Path) -> None:
    assert _view(tmp_path, {"phase": "Pending"}) == PodView("m-1a2b3c4d")


def test_all_containers_have_to_run(tmp_path: Path) -> None:
    running = _container({"running": {"startedAt": STARTED}})
    coming = _container({"waiting": {"reason": "ContainerCreating"}})
    view = _view(tmp_path, _status("Pending", running, coming))
    assert (view.running, view.waiting) == (False, "ContainerCreating")


@pytest.mark.parametrize("document", [None, [], {}, {"items": [1]}, {"items": [{}]}, {"items": 1}])
def test_an_answer_that_makes_no_sense_is_none(tmp_path: Path, document: object) -> None:
    assert _read(tmp_path, document) is None


def test_no_pods_at_all(tmp_path: Path) -> None:
    assert _read(tmp_path, {"kind": "PodList", "items": None}) == {}


def test_a_kubelet_that_is_not_there() -> None:
    kubelet = Kubelet("http://127.0.0.1:1")
    assert kubelet.pods() is None
    assert kubelet.remains(["m"]), "what cannot be known is taken for there"


def test_what_remains_is_told_by_the_engine(tmp_path: Path) -> None:
    (tmp_path / "stats").mkdir()
    listed = [{"podRef": {"name": "m-1-edge-1"}}, {"podRef": {"name": "mm-1-edge-1"}}]
    summary = {"node": {"nodeName": "edge-1"}, "pods": listed}
    path = tmp_path / "stats/summary?only_cpu_and_memory=true"
    path.write_text(json.dumps(summary))
    with serve(Site(tmp_path)) as url:
        kubelet = Kubelet(url)
        assert kubelet.remains(["m-1", "n"])
        assert not kubelet.remains(["m", "n"])


@pytest.mark.parametrize("url", ["https://127.0.0.1", "127.0.0.1:10255", "http://h:port"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(InvalidOption, match="kubelet"):
        Kubelet(url)


def test_why_a_pull_failed_is_told_while_the_kubelet_waits_for_the_next_attempt() -> None:
    watch = Watch()
    waits = PodView("m", waiting="ImagePullBackOff", message="Back-off pulling image")
    watch.look({"m": waits})
    assert watch.sight("m").view == waits
    watch.look({"m": PodView("m", waiting="ErrImagePull", message="no route to host")})
    watch.look({"m": waits})
    watch.look({"m": waits})
    assert watch.sight("m").view.message == "no route to host"
    watch.look({"m": PodView("m", waiting="ContainerCreating")})
    assert watch.sight("m").view.message == ""
    watch.look({})
    watch.look({"m": waits})
    assert watch.sight("m").view == waits
