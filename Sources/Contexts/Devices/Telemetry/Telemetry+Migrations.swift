package import SQLStore

/// The tables of the folder's own file, `history.db`, and those it needs beside the business tables.
package enum TelemetryTables {
  /// `history.db`. Nothing on the way to an acknowledgement writes here.
  package static let history = SQLMigrations(
    context: "telemetry",
    steps: [
      SQLMigrations.Step(
        1, "chunks",
        """
          CREATE TABLE telemetry_metric (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
          CREATE TABLE telemetry_series (series BIGINT PRIMARY KEY, data_class TEXT NOT NULL);
          CREATE TABLE telemetry_chunk (
            series BIGINT NOT NULL, start BIGINT NOT NULL, finish BIGINT NOT NULL, samples BIGINT NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY (series, start)) WITHOUT ROWID;
          CREATE TABLE telemetry_device (
            device BIGINT PRIMARY KEY, latest BLOB NOT NULL, sequences BLOB NOT NULL);
          CREATE TABLE telemetry_day (
            device BIGINT NOT NULL, day BIGINT NOT NULL, boot BIGINT NOT NULL, first BIGINT NOT NULL,
            last BIGINT NOT NULL, received BIGINT NOT NULL, duplicates BIGINT NOT NULL, rejected BIGINT NOT NULL,
            PRIMARY KEY (device, day, boot)) WITHOUT ROWID;
          CREATE TABLE telemetry_rejected (
            id INTEGER PRIMARY KEY, organisation BLOB NOT NULL, device BIGINT NOT NULL, property TEXT,
            reason TEXT NOT NULL, given TEXT NOT NULL, device_time BIGINT, received_at BIGINT NOT NULL);
          CREATE INDEX telemetry_rejected_organisation ON telemetry_rejected (organisation, id);
          CREATE INDEX telemetry_rejected_device ON telemetry_rejected (device, id);
          CREATE TABLE telemetry_raw (
            device BIGINT NOT NULL, number BIGINT NOT NULL, channel TEXT NOT NULL, received_at BIGINT NOT NULL,
            bytes BIGINT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (device, number)) WITHOUT ROWID;
          CREATE TABLE telemetry_watermark (
            lane BIGINT PRIMARY KEY, position BIGINT NOT NULL);
          INSERT INTO telemetry_watermark (lane, position) VALUES (0, 0), (1, 0);
          """)
    ])

  /// Beside the business tables: how far the urgent lane has been handled, and what was handled.
  package static let business = SQLMigrations(
    context: "telemetry",
    steps: [
      SQLMigrations.Step(
        1, "urgent lane",
        """
          CREATE TABLE telemetry_cursor (
            name TEXT PRIMARY KEY, position BIGINT NOT NULL, record BIGINT NOT NULL);
          CREATE TABLE telemetry_handled (device BIGINT PRIMARY KEY, sequences {blob} NOT NULL);
          CREATE TABLE telemetry_failed (
            position BIGINT NOT NULL, record BIGINT NOT NULL, device BIGINT NOT NULL, channel TEXT NOT NULL,
            received_at BIGINT NOT NULL, error TEXT NOT NULL, payload {blob} NOT NULL,
            PRIMARY KEY (position, record));
          """)
    ])
}
