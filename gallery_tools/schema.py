"""A gallery's tables. SQLite and PostgreSQL share them but for the names of two types."""

from __future__ import annotations

VERSION = 2
"""Goes up with every change of the tables; ``migrations.py`` leads here from each former one."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
-- How to read the codes below, as FeatureCodes.to_bytes gives it: 'content' and 'appearance'.
CREATE TABLE codes (name TEXT PRIMARY KEY, data {blob} NOT NULL);
CREATE TABLE folders (path {path} PRIMARY KEY, indexed_at DOUBLE PRECISION NOT NULL);
CREATE TABLE skipped (path {path} PRIMARY KEY, reason TEXT NOT NULL);
-- What follows from a photo's bytes. An id is never given twice, so what is kept elsewhere by id cannot go stale.
CREATE TABLE photos (
    id {serial},
    digest {blob} NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    columns INTEGER NOT NULL,
    taken BIGINT,
    camera TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION
);
CREATE INDEX photos_by_time ON photos (taken);
CREATE TABLE features (
    photo_id BIGINT PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
    content {blob} NOT NULL,
    appearance {blob} NOT NULL
);
CREATE TABLE prototypes (
    photo_id BIGINT PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
    codes {blob} NOT NULL
);
-- Where photos lie; copies of a photo are several files.
CREATE TABLE files (
    path {path} PRIMARY KEY,
    mtime_ns BIGINT NOT NULL,
    size BIGINT NOT NULL,
    device BIGINT NOT NULL,
    photo_id BIGINT NOT NULL REFERENCES photos
);
CREATE INDEX files_by_photo ON files (photo_id);
"""
