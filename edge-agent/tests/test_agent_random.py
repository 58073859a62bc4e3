"""Anything in any order: what must hold does, and in the end the device has what is wanted."""

import hashlib
import random
from pathlib import Path

import pytest
from agent_testing.disks import WatchedDisk
from agent_testing.kubelets import Image
from agent_testing.rollouts import GIB, Device, image, manifest, names
from slipway_agent.errors import Refused

LAST = manifest("m", "f")
TAME = (Image(), Image(ready=5), Image(ready=1e9), Image(ready=1e9, ends=1), Image(missing=True))
WILD = (*TAME, Image(ends=4), Image(unready=4), Image(crowded=True))


class Chaos:
    """A device to which things happen."""

    def __init__(self, root: Path, seed: int, *, wild: bool) -> None:
        self._chance = random.Random(seed)
        self._wild = wild
        self._ready = False
        self.device = Device(root)
        self._restart()

    def _restart(self) -> None:
        self.device.restart(WatchedDisk(self._look))

    def _look(self) -> None:
        """Where nothing fails once it was ready, a version that serves is always there."""
        ready = bool(self.device.ready())
        assert self._wild or ready >= self._ready, self.device.names()
        self._ready = ready

    def happen(self) -> None:
        device, kubelet = self.device, self.device.kubelet
        what = self._chance.randrange(12 if self._wild else 9)
        if what < 4:
            mark = self._chance.choice("abcde")
            update = self._chance.choice(("beside", "recreate")) if self._wild else "beside"
            kubelet.images.setdefault(
                image("m", mark), self._chance.choice(WILD if self._wild else TAME)
            )
            device.want(manifest("m", mark, update=update))
        elif what == 4:
            device.want(refused={"m": Refused("no")})
        elif what == 5:
            kubelet.down = not kubelet.down
        elif what == 6:
            self._restart()
        elif what == 7:
            device.wanted = None
        elif what == 8:
            device.memory = GIB
        elif what == 9:
            device.memory = self._chance.choice((GIB, GIB // 8))
        elif what == 10:
            kubelet.reboot()
        elif what == 11:
            for pod in sorted(kubelet.ready())[:1]:
                kubelet.evict(pod)

    def step(self) -> None:
        self.device.step(seconds=self._chance.choice((0.0, 0.3, 1.0, 5.0)))
        slot = self.device.book.record.slot("m")
        lying = [
            hashlib.sha256((self.device.pods / name).read_bytes()).hexdigest()
            for name in self.device.files()
        ]
        assert len(lying) <= 2
        assert not set(lying) & set(slot.bad), "one that had failed was there again"
        assert set(lying) <= {slot.good, slot.serving, slot.trial}
        self._look()


@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_anything_in_any_order(tmp_path: Path, seed: int, wild: bool) -> None:
    chaos = Chaos(tmp_path, seed, wild=wild)
    for _ in range(60):
        chaos.happen()
        for _ in range(6):
            chaos.step()
    device = chaos.device
    device.kubelet.down = False
    device.memory = GIB
    device.want(LAST)
    device.until(lambda: device.names() == names(LAST) == device.ready())
    assert device.states["m"].running == LAST.sha256
