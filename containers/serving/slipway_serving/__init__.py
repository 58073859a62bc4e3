"""The app that answers on a device: one model, LiteRT, numpy and Pillow, nothing else.

listening, server   sockets, connections, draining; hands connections to
handler             HTTP/1.1 within limits; hands requests to
routes, v2          what /readyz, /version/, /predict/ and /v2/… answer; these use
messages            requests and responses as values
bodies, multipart   what a request gives: an image, or a recording of a signal
images, recordings  from an image's bytes to pixels; a recording window by window
engine, interpreter from pixels or a window to scores, as the card says
card                model.json
selftest, readiness the golden samples: before a release, before the start, and ever again
predictions         the answers' labels, and their records; these go into
spool, segments     a folder, for the device's agent to send
"""

__version__ = "0.1.0"
