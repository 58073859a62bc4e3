"""Manifests for tests, as strict as the default policy wants them."""


def strict_pod(
    slot: str,
    mark: str = "1",
    *,
    image: str = "",
    spec: str = "",
    container: str = "",
    notes: str = "",
) -> bytes:
    """A complete manifest for a slot; `mark` makes its bytes and its pod's name differ."""
    return f"""\
apiVersion: v1
kind: Pod
metadata:
  name: {slot}-{mark * 8}
  annotations:
    dev.slipway.slot: {slot}
    dev.slipway.update: beside
    dev.slipway.start: "60"
    dev.slipway.probation: "30"
{notes}spec:
  securityContext: {{runAsUser: 10001, seccompProfile: {{type: RuntimeDefault}}}}
{spec}  containers:
    - name: one
      image: {image or f"r/{slot}@sha256:{mark * 64}"}
      resources: {{limits: {{memory: 64Mi}}}}
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
{container}""".encode()
