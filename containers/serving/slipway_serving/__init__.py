"""The app that answers on a device: one model, LiteRT, numpy and Pillow, nothing else.

listening, server   sockets, connections, draining; hands connections to
handler             HTTP/1.1 within limits; hands requests to
routes, v2          what /readyz, /version/, /predict/ and /v2/… answer; these use
messages            requests and responses as values
multipart, images   from a request's body to pixels
engine, card        from pixels to scores, as model.json says
selftest, readiness the golden samples: before a release, before the start, and ever again
predictions         the answers' labels, and their records; these go into
spool, segments     a folder, for the device's agent to send
"""

__version__ = "0.1.0"
