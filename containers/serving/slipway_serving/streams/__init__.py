"""Streams: sensors in, predictions and actions out, as the device owner's two files say.

watching            streams.toml and rules.toml: begins, changes and ends
streams             all of the below together
line                a connection to the broker that comes back by itself
turn, intake, inbox readings from the broker: which process of the device takes them
cutting             from samples, in messages of any length, to windows
sensor, station     from windows to a class by votes or to a score: one sensor's, all sensors'
model               what the engine is asked
prediction          what is told; it goes into
outbox              what waits for the broker, and
rules, firing       whether something is to be done
actions, webhooks, templates  doing it
settings, fields    reading the files
counts              what is counted, and said in the log
routes              the same by HTTP
"""
