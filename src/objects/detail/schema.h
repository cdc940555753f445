// The tables of the object store (docs in README.md, "Format"). Steps are only ever added.
#pragma once

#include <vector>

#include "db/database.h"

namespace scones::objects::detail {

inline const std::vector<db::Migration> kSchema = {{"objects.1", R"sql(
CREATE TABLE object_epoch (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL);
INSERT INTO object_epoch VALUES (1, 0);

CREATE TABLE object_buckets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  region TEXT NOT NULL,
  created INTEGER NOT NULL,
  versioning INTEGER NOT NULL DEFAULT 0);
CREATE TABLE object_bucket_texts (
  bucket INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (bucket, name)) WITHOUT ROWID;

CREATE TABLE object_contents (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  bytes BLOB);
CREATE TABLE object_parts (
  content INTEGER NOT NULL, number INTEGER NOT NULL,
  segment INTEGER NOT NULL, offset INTEGER NOT NULL, size INTEGER NOT NULL,
  etag TEXT NOT NULL, modified INTEGER NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (content, number)) WITHOUT ROWID;

CREATE TABLE objects (
  bucket INTEGER NOT NULL, key BLOB NOT NULL, sequence INTEGER NOT NULL,
  flags INTEGER NOT NULL, content INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  modified INTEGER NOT NULL, parts INTEGER NOT NULL, attributes BLOB NOT NULL, tags BLOB NOT NULL,
  PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE object_versions (
  bucket INTEGER NOT NULL, key BLOB NOT NULL, sequence INTEGER NOT NULL,
  flags INTEGER NOT NULL, content INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  modified INTEGER NOT NULL, parts INTEGER NOT NULL, attributes BLOB NOT NULL, tags BLOB NOT NULL,
  PRIMARY KEY (bucket, key, sequence DESC)) WITHOUT ROWID;

CREATE TABLE object_uploads (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  bucket INTEGER NOT NULL, key BLOB NOT NULL, created INTEGER NOT NULL,
  attributes BLOB NOT NULL, tags BLOB NOT NULL,
  checksum_algorithm TEXT NOT NULL, checksum_type INTEGER NOT NULL);
CREATE INDEX object_uploads_by_key ON object_uploads (bucket, key, sequence);
CREATE TABLE object_upload_parts (
  upload INTEGER NOT NULL, number INTEGER NOT NULL, content INTEGER NOT NULL,
  size INTEGER NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (upload, number)) WITHOUT ROWID;
)sql"},
                                                   {"objects.notification",
                                                    "ALTER TABLE object_buckets"
                                                    " ADD COLUMN notification TEXT"}};

}  // namespace scones::objects::detail
