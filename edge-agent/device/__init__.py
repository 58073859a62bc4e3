"""What a device is made of besides its pods: configuration, start scripts, units, installer.

The local devices of `slipway device` and the installer for real devices use these same files.
"""
