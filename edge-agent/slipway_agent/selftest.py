"""`python3 -m slipway_agent.selftest`: whether all that the agent runs with works on this arch.

Run in every arch's image before it is released. Signatures are of keys made for this alone.
"""

import sys

_SIGNED = b"slipway"
_KEYS = (
    (
        "ed25519",
        "ed25519",
        "45867f7b43779365eb065b04ec034bf2ac7da799dad2d139a39b8f34366aeb5b",
        "f9f07f139afb785317f2e66db201263cf9df2ede1805fd34e9a4b89f06014544"
        "f19c815a22b59f751d59d766adc6632c733ac2b0f3e2757b3c294c5baf999305",
    ),
    (
        "ecdsa",
        "ecdsa-sha2-nistp256",
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6LuVHWmeBE1LxcgjQTmESLaFsVCI\n"
        "XzAs5UcVx6AE964unzeWqlRrU9ULuIFGvODUbAy4NXRUznk1nFc2LO8Qjw==\n"
        "-----END PUBLIC KEY-----\n",
        "3044022021103a9c0d906a733d28c4adfcc653c0cec0963228bdef454576f391890e3d44"
        "0220543083b8c6e6af1f3eefa1b1f0e4a74b1b4f4ffc99854ae1aa5db34106a39369",
    ),
)


def check() -> str:
    """What does not work, empty when all does. An import that fails is raised as it is."""
    import tuf.ngclient  # noqa: F401
    import yaml
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import Signature, SSlibKey

    import slipway_agent.__main__  # noqa: F401

    for kind, scheme, public, signature in _KEYS:
        key = SSlibKey("", kind, scheme, {"public": public})
        key.verify_signature(Signature("", signature), _SIGNED)
        try:
            key.verify_signature(Signature("", signature), _SIGNED + b"!")
        except UnverifiedSignatureError:
            continue
        return f"{scheme} takes a signature of something else"
    return "" if yaml.safe_load("a: [1]") == {"a": [1]} else "YAML is not read"


if __name__ == "__main__":
    sys.exit(check() or 0)
