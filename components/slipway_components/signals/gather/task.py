"""One step for both sources of recordings, so that a pipeline needs no condition on the user's
text."""

from collections import Counter
from pathlib import Path

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound
from slipway_components.fetch import local_folder
from slipway_components.folder import appearing
from slipway_components.progress import say
from slipway_components.secret import read_secret
from slipway_components.signals.recordings import write
from slipway_components.signals.workloads import workload

SYNTHETIC = "synthetic"


def gather(
    output: Path, *, name: str, data: str, recordings: int, seed: int, secret: str = ""
) -> None:
    """Fill the new folder `output` with `LABEL/NAME.npz`, the recordings of the workload `name`.

    `data` is `synthetic` (then `recordings` for each label are made up from `seed`), a folder in
    the workload's formats, or the URL of a bucket that holds one. With a `secret` (see
    `read_secret`) every file has to be signed with it. Raises NotFound, InvalidInput, and
    InvalidDataset naming the file at fault.
    """
    of = workload(name)
    if secret:
        of = of.signed_with(read_secret(secret))
    labels: Counter[str] = Counter()
    with appearing(output) as folder:
        if data == SYNTHETIC:
            if recordings < 1:
                raise InvalidInput(f"recordings is {recordings}", hint="Use 1 at least")
            for recording in of.synthesise(seed, recordings):
                write(folder, recording)
                labels[recording.label] += 1
        else:
            with local_folder(data) as source:
                if not source.is_dir():
                    raise NotFound(
                        f"there is no folder {source}",
                        hint=f"Give a folder of recordings, or data={SYNTHETIC}",
                    )
                for recording in of.load(source):
                    write(folder, recording)
                    labels[recording.label] += 1
        if not labels:
            raise InvalidDataset(
                f"{data} holds no recordings", hint="docs/workloads.md says what is read"
            )
    for label, count in sorted(labels.items()):
        say(f"gather: {label}: {count} recordings")
