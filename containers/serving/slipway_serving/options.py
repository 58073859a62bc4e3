"""The command line."""

import argparse
from collections.abc import Callable
from pathlib import Path

from slipway_serving.segments import SEGMENT


def read_options() -> argparse.Namespace:
    """Read it; `--help` and mistakes exit."""
    parser = argparse.ArgumentParser(
        prog="slipway_serving", description="Serve the model in a folder, or test it."
    )
    parser.add_argument("--model", type=Path, default=Path("/model"), metavar="FOLDER")
    parser.add_argument(
        "--images", type=Path, default=Path("/images"), metavar="FOLDER", help="named in requests"
    )
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=_between(0, 65535), default=8080, metavar="PORT")
    parser.add_argument(
        "--private",
        default="",
        metavar="ADDRESS",
        help="listen there as well, with nobody else; the other address is shared with the version"
        " before this one",
    )
    parser.add_argument(
        "--spool",
        type=Path,
        metavar="FOLDER",
        help="keep a record of each prediction there, for the agent to send",
    )
    parser.add_argument(
        "--spool-cap",
        type=_between(4 * SEGMENT, 2**40),
        default=16 * 2**20,
        metavar="BYTES",
        help="that the folder may hold; the oldest records go first",
    )
    parser.add_argument(
        "--streams",
        type=Path,
        metavar="FILE",
        help="streams.toml, where it is there; rules.toml lies beside it",
    )
    parser.add_argument("--threads", type=_between(1, 64), default=1, metavar="N")
    parser.add_argument(
        "--max-body",
        type=_between(1, 2**31),
        default=16 * 2**20,
        metavar="BYTES",
        help="of a request or image",
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="answer the golden samples, print one line of JSON, exit 0 when all is as stored",
    )
    return parser.parse_args()


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least} and {most}")
        return value

    return number
