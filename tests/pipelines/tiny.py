"""Two tasks that take any parameters, give a version and metrics, and fail when told to."""

from typing import NamedTuple

from kfp import dsl


@dsl.component(base_image="tiny", install_kfp_package=False)
def first(
    text: str,
    number: int,
    rate: float,
    flag: bool,
    items: list[str],
    folder: dsl.Output[dsl.Artifact],
) -> NamedTuple("Outputs", [("version", str), ("lineage", dict)]):  # type: ignore[valid-type]
    """Say what was given."""
    import json
    from pathlib import Path

    given = json.dumps([text, number, rate, flag, items])
    Path(folder.path).mkdir()
    (Path(folder.path) / "given.json").write_text(given)
    print(given)
    return "parts_1_7", {"seeds": "1", "who": text}


@dsl.component(base_image="tiny", install_kfp_package=False)
def second(
    lineage: dict[str, str],
    how: str,
    folder: dsl.Input[dsl.Artifact],
    confusion: dsl.Output[dsl.ClassificationMetrics],
) -> NamedTuple("Outputs", [("metrics", dict)]):  # type: ignore[valid-type]
    """End as `how` says."""
    import os
    import subprocess
    import sys
    import time
    from pathlib import Path

    from slipway.domain.errors import GateClosed

    print((Path(folder.path) / "given.json").read_text(), lineage["who"])
    if how == "refuse":
        try:
            lineage["inner"]
        except KeyError as error:
            raise GateClosed("accuracy 0.5 is\n0.2 below 0.7", hint="Train longer") from error
    if how == "crash":
        raise ValueError("something nobody thought of")
    if how == "die":
        os.abort()
    if how == "hang":
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
            print(f"grandchild: {child.pid}", flush=True)
            time.sleep(600)
    confusion.log_confusion_matrix(["good", "bad"], [[7, 1], [0, 8]])
    return ({"accuracy": 0.5, "count": 3},)


@dsl.pipeline(name="tiny")
def tiny(
    text: str,
    number: int = 3,
    rate: float = 0.5,
    flag: bool = False,
    items: list[str] = ["a", "b"],  # noqa: B006  kfp reads defaults, nobody changes them
    how: str = "well",
) -> None:
    """Two tasks.

    Args:
        text: Any text.
        number: Any number.
        how: well, refuse, crash, die or hang.
    """
    begun = first(text=text, number=number, rate=rate, flag=flag, items=items)
    second(lineage=begun.outputs["lineage"], how=how, folder=begun.outputs["folder"])
