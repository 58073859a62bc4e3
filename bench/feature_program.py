"""Times the features of the signals in a file; a program of its own, for the serving containers.

    python3 feature_program.py GIVEN.npz PARAMETERS.json

PARAMETERS holds, for each array of GIVEN, the extractor's kind and parameters. Of each it prints
the features of every window, and the processor seconds of every signal [signals, samples, axes].
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from slipway_features.preparing import EXTRACTORS
from slipway_features.signal import windows


def main(given: str, parameters: str) -> None:
    """Warm up with the first signal, then measure the others."""
    told = {}
    with np.load(given) as held:
        for name, said in json.loads(Path(parameters).read_bytes()).items():
            extract = EXTRACTORS[said["kind"]](said)
            features, seconds = [], []
            for signal in held[name]:
                cut = [window for _, window in windows(signal, said["window"], said["step"])]
                begun = time.process_time()
                features.append([extract(window).tolist() for window in cut])
                seconds.append(time.process_time() - begun)
            told[name] = {"features": features, "seconds": seconds[1:]}
    sys.stdout.write(json.dumps({"numpy": np.__version__, **told}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
