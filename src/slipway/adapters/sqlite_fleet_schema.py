"""The fleet's tables.

`fleet_reports` has the objects of the bucket as they were read; `fleet_devices` and `fleet_pods`
what follows from them, by the rules of `domain/device_report.py`. `fleet_standings` has a row for
each device and each model of its channel: how far it is. It is written whenever one of the two
sides changes, so that pages only count and list.
"""

SCHEMA = """
CREATE TABLE fleet_reports (
    key TEXT PRIMARY KEY, tag TEXT NOT NULL, device TEXT NOT NULL, data BLOB NOT NULL,
    problem TEXT NOT NULL
);
CREATE INDEX fleet_reports_device ON fleet_reports (device);
CREATE INDEX fleet_reports_problem ON fleet_reports (key, problem) WHERE problem != '';
CREATE TABLE fleet_devices (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, instance TEXT NOT NULL, arch TEXT NOT NULL,
    channel TEXT NOT NULL, health TEXT NOT NULL, reason TEXT NOT NULL,
    reported INTEGER NOT NULL, silent_at INTEGER NOT NULL, in_pod INTEGER NOT NULL,
    UNIQUE (name, instance)
);
CREATE INDEX fleet_devices_health ON fleet_devices (health, silent_at);
CREATE INDEX fleet_devices_channel ON fleet_devices (channel, arch);
CREATE INDEX fleet_devices_reported ON fleet_devices (reported);
CREATE TABLE fleet_pods (
    device INTEGER NOT NULL, slot TEXT NOT NULL, wanted TEXT NOT NULL, running TEXT NOT NULL,
    wanted_digest TEXT NOT NULL, running_digest TEXT NOT NULL, state TEXT NOT NULL,
    reason TEXT NOT NULL, restarts INTEGER NOT NULL, since INTEGER NOT NULL,
    channel TEXT NOT NULL, arch TEXT NOT NULL,
    PRIMARY KEY (device, slot)
) WITHOUT ROWID;
CREATE INDEX fleet_pods_running ON fleet_pods (slot, channel, arch, running, state);
CREATE INDEX fleet_pods_version ON fleet_pods (running);
CREATE INDEX fleet_pods_wanted ON fleet_pods (wanted);
CREATE TABLE fleet_targets (
    slot TEXT NOT NULL, channel TEXT NOT NULL, arch TEXT NOT NULL, model TEXT NOT NULL,
    version TEXT NOT NULL, "index" TEXT NOT NULL, digest TEXT NOT NULL, since INTEGER,
    published INTEGER NOT NULL, signatures INTEGER NOT NULL, threshold INTEGER NOT NULL,
    PRIMARY KEY (slot, channel, arch)
) WITHOUT ROWID;
CREATE TABLE fleet_standings (
    device INTEGER NOT NULL, slot TEXT NOT NULL, channel TEXT NOT NULL, arch TEXT NOT NULL,
    outcome TEXT NOT NULL, health TEXT NOT NULL,
    PRIMARY KEY (device, slot)
) WITHOUT ROWID;
CREATE INDEX fleet_standings_outcome ON fleet_standings (slot, channel, arch, outcome, health);
CREATE INDEX fleet_standings_devices ON fleet_standings (outcome, slot);
CREATE TABLE fleet_history (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    slot TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX fleet_history_device ON fleet_history (device, id)
"""

DERIVE_STANDINGS = """
INSERT INTO fleet_standings (device, slot, channel, arch, outcome, health)
SELECT d.id, t.slot, d.channel, d.arch,
    CASE
        WHEN p.running_digest = t.digest AND p.state = 'running' THEN 'has'
        WHEN p.state = 'refused' THEN 'refused'
        WHEN p.wanted_digest = t.digest
            AND p.state IN ('rolled-back', 'quarantined', 'failing') THEN p.state
        WHEN d.health = 'silent' THEN 'silent'
        WHEN p.wanted_digest = t.digest THEN 'coming'
        ELSE 'unseen'
    END,
    d.health
FROM fleet_devices d
JOIN fleet_targets t ON t.channel = d.channel AND t.arch = d.arch
LEFT JOIN fleet_pods p ON p.device = d.id AND p.slot = t.slot
WHERE (d.in_pod OR t.slot != 'slipway-agent')
"""
