"""Hold pods: a pod that has ended keeps its image from the kubelet's garbage collection.

What the device may have to go back to must not need a network. The kubelet collects images that no
container has; a container that has ended counts as one as long as its pod's file is there. The same
pod pulls an image before anything is taken down for it. Where the image has no such command, the
container cannot start, which is an end as good as any.
"""

import json

from slipway_agent.manifest import Manifest

PREFIX = "slipway-hold-"


def hold_name(manifest: Manifest) -> str:
    """The hold pod's metadata.name, another one for each manifest."""
    slot = "".join(c if c.isalnum() else "-" for c in manifest.slot.lower())
    return f"{PREFIX}{slot}-{manifest.sha256[:8]}"


def hold_pod(manifest: Manifest) -> bytes:
    """A pod with all images of `manifest` that does nothing and ends."""
    container = {
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/bin/python3", "-c", ""],  # what every image of Slipway's has
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "16Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    images = dict.fromkeys(manifest.images)
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": hold_name(manifest), "labels": {"dev.slipway.hold": "true"}},
        "spec": {
            "hostNetwork": True,
            "dnsPolicy": "Default",
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {"name": f"image-{number}", "image": image, **container}
                for number, image in enumerate(images)
            ],
        },
    }
    return json.dumps(document, indent=1).encode() + b"\n"
