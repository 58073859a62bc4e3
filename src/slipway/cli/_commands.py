"""All commands with a line about each, by what people want: help shows them without importing one.

The command NAME is `command` in the file NAME.py beside this one, underscores for hyphens.
"""

from collections.abc import Mapping

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "This machine": {
        "doctor": "Check a machine for its role and say what is missing.",
        "up": "Start the local registry, functions, runner and console.",
        "status": "Show what is up, what is wrong and what to do.",
        "down": "Stop the local runs, devices, registry and functions.",
        "console": "Serve the web console; slipway up starts it.",
        "console-user": "Say who may log in to the web console.",
        "demo": "Walk the whole chain on this machine.",
        "completion": "Let a shell complete slipway's words.",
    },
    "Data and training": {
        "data": "Render, ingest, snapshot, restore, split images; make up sounds.",
        "run": "Run a pipeline.",
        "runs": "List the runs, show or cancel one.",
        "schedule": "Run pipelines at set times.",
        "git-trigger": "Let pushes to a repository start pipelines.",
        "runner": "Fire schedules, let queued runs begin; slipway up starts it.",
        "tune": "Search a pipeline's parameters within a budget.",
        "evaluate": "Figures of a version on labelled data.",
        "export-c": "Write a model of sounds as C sources for firmware.",
        "compile": "Compile a pipeline to IR YAML.",
        "pipeline-image": "Build and push the image of pipeline tasks.",
    },
    "Releases": {
        "versions": "List the model versions with their metrics.",
        "compare": "Show what differs between two model versions.",
        "channels": "Show which version stands in which channel.",
        "package": "Pack a trained version into images and tag them.",
        "promote": "Move a channel to a version.",
        "rollback": "Take a channel back to the version before.",
        "hello": "Build and tag hello, to try the delivery without training.",
        "publish-agent": "Build the edge agent's image and release it.",
        "monitor": "Publish what the registry's channel tags say.",
        "keys": "Make, change and show the keys that devices trust.",
        "sign": "Sign what waits for a channel's keys.",
    },
    "Devices": {
        "devices": "Show what every device of the fleet runs.",
        "device": "Make and switch local devices, hosts on this machine.",
        "predict": "Ask a model about an image or a recording.",
        "predictions": "Read what devices have predicted.",
        "live": "Watch a model answer as a recording or a device goes on.",
        "source": "Publish the readings of a machine that is simulated.",
        "stream": "Record what sensors send.",
    },
}
