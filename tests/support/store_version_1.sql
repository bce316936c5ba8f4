-- The tables of a store of version 1, as that version made them, with a little in each.
CREATE TABLE meta (
    name VARCHAR NOT NULL, 
    value VARCHAR NOT NULL, 
    PRIMARY KEY (name)
);
CREATE TABLE sensors (
    id INTEGER NOT NULL, 
    name VARCHAR NOT NULL, 
    stored INTEGER NOT NULL, 
    epoch INTEGER NOT NULL, 
    sequence INTEGER NOT NULL, 
    erased_epoch INTEGER NOT NULL, 
    erased_sequence INTEGER NOT NULL, 
    last_minute INTEGER, 
    last_received FLOAT, 
    PRIMARY KEY (id), 
    UNIQUE (name)
);
CREATE TABLE incidents (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    kind VARCHAR NOT NULL, 
    mode VARCHAR NOT NULL, 
    state VARCHAR NOT NULL, 
    opened FLOAT NOT NULL, 
    onset FLOAT NOT NULL, 
    last_onset FLOAT NOT NULL, 
    latitude FLOAT NOT NULL, 
    longitude FLOAT NOT NULL, 
    height FLOAT NOT NULL, 
    words VARCHAR NOT NULL, 
    radius FLOAT NOT NULL, 
    confidence FLOAT NOT NULL, 
    taken_by VARCHAR NOT NULL, 
    outcome VARCHAR, 
    basis VARCHAR, 
    closed FLOAT
);
CREATE INDEX incidents_by_state ON incidents (state, opened);
CREATE INDEX incidents_by_time ON incidents (opened);
CREATE TABLE misses (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    kind VARCHAR NOT NULL, 
    happened FLOAT NOT NULL, 
    place_words VARCHAR NOT NULL, 
    basis VARCHAR NOT NULL, 
    note TEXT NOT NULL, 
    reported_by VARCHAR NOT NULL, 
    reported FLOAT NOT NULL
);
CREATE TABLE shift_notes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
    at FLOAT NOT NULL, 
    who VARCHAR NOT NULL, 
    text TEXT NOT NULL
);
CREATE TABLE refusals (
    code VARCHAR NOT NULL, 
    count INTEGER NOT NULL, 
    last FLOAT NOT NULL, 
    PRIMARY KEY (code)
);
CREATE TABLE records (
    id INTEGER NOT NULL, 
    sensor INTEGER NOT NULL, 
    epoch INTEGER NOT NULL, 
    sequence INTEGER NOT NULL, 
    digest BLOB NOT NULL, 
    received FLOAT NOT NULL, 
    body BLOB NOT NULL, 
    PRIMARY KEY (id), 
    UNIQUE (sensor, epoch, sequence), 
    FOREIGN KEY(sensor) REFERENCES sensors (id)
);
CREATE INDEX records_by_time ON records (received);
CREATE TABLE detections (
    id INTEGER NOT NULL, 
    sensor INTEGER NOT NULL, 
    epoch INTEGER NOT NULL, 
    identifier INTEGER NOT NULL, 
    kind VARCHAR NOT NULL, 
    mode VARCHAR NOT NULL, 
    onset FLOAT NOT NULL, 
    "offset" FLOAT, 
    confidence FLOAT, 
    level FLOAT, 
    clock_sigma FLOAT, 
    received FLOAT NOT NULL, 
    PRIMARY KEY (id), 
    UNIQUE (sensor, epoch, identifier), 
    FOREIGN KEY(sensor) REFERENCES sensors (id)
);
CREATE INDEX detections_by_time ON detections (onset);
CREATE TABLE minutes (
    sensor INTEGER NOT NULL, 
    minute INTEGER NOT NULL, 
    laeq SMALLINT, 
    tens SMALLINT NOT NULL, 
    said INTEGER, 
    codes BLOB NOT NULL, 
    PRIMARY KEY (sensor, minute), 
    FOREIGN KEY(sensor) REFERENCES sensors (id)
)
 WITHOUT ROWID;
CREATE TABLE transitions (
    id INTEGER NOT NULL, 
    incident INTEGER NOT NULL, 
    at FLOAT NOT NULL, 
    kind VARCHAR NOT NULL, 
    who VARCHAR NOT NULL, 
    outcome VARCHAR, 
    basis VARCHAR, 
    note TEXT NOT NULL, 
    PRIMARY KEY (id), 
    FOREIGN KEY(incident) REFERENCES incidents (id)
);
CREATE INDEX transitions_by_incident ON transitions (incident);
CREATE TABLE incident_detections (
    detection INTEGER NOT NULL, 
    incident INTEGER NOT NULL, 
    PRIMARY KEY (detection), 
    FOREIGN KEY(detection) REFERENCES detections (id), 
    FOREIGN KEY(incident) REFERENCES incidents (id)
);
CREATE INDEX incident_detections_by_incident ON incident_detections (incident);
INSERT INTO meta VALUES ('schema', '1'), ('deployment', 'claire-voie');
INSERT INTO sensors VALUES (1, 'mic-a', 3, 0, 3, -1, -1, 1795316520, 1795316590.5), (2, 'mic-b', 0, 0, 0, -1, -1, NULL, NULL);
INSERT INTO records VALUES (1, 1, 0, 1, zeroblob(32), 1795316500.5, x'01'), (7, 1, 0, 3, zeroblob(32), 1795316590.5, x'01');
INSERT INTO detections VALUES
  (1, 1, 0, 1, 'glass-breaking', 'live', 1795316500.25, 1795316501.0, 0.9, 80.0, 0.001, 1795316501.5);
INSERT INTO incidents VALUES
  (1, 'glass-breaking', 'live', 'closed', 1795316501.5, 1795316500.25, 1795316500.25, 48.0, 2.0, 0.0, 'lamp mic-a', 75.0,
   0.9, 'Claire', 'confirmed', 'on-site', 1795316590.0);
INSERT INTO incident_detections VALUES (1, 1);
INSERT INTO transitions VALUES
  (1, 1, 1795316501.5, 'opened', '', NULL, NULL, 'mic-a'),
  (2, 1, 1795316590.0, 'closed', 'Claire', 'confirmed', 'on-site', 'a pane');
INSERT INTO misses VALUES (1, 'firework', 1795310000.0, 'quay', 'caller', 'heard', 'Noé', 1795316000.0);
INSERT INTO shift_notes VALUES (1, 1795316000.0, 'Claire', 'calm');
INSERT INTO minutes VALUES (1, 1795316520, 6000, 6, 60000, zeroblob(32));
INSERT INTO refusals VALUES ('malformed', 2, 1795316000.0);
