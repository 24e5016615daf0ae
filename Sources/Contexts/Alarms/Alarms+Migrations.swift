package import SQLStore

extension Alarms {
  /// The tables of this context.
  package static let migrations = SQLMigrations(
    context: "alarms",
    steps: [
      .init(
        1, "alarms and the steps of their lives",
        """
        CREATE TABLE alarm (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          device {id} NOT NULL,
          device_name {text} NOT NULL,
          device_kind {text},
          event {text} NOT NULL,
          name_zh {text} NOT NULL,
          name_en {text} NOT NULL,
          building {id},
          room {id},
          place_name {text} NOT NULL,
          cleared_by {text},
          level {text} NOT NULL,
          rank {int} NOT NULL CHECK (rank BETWEEN 1 AND 4),
          raised_at {int} NOT NULL,
          last_at {int} NOT NULL,
          device_time {int} NOT NULL,
          told_at {int} NOT NULL,
          count {int} NOT NULL CHECK (count >= 1),
          content {text} NOT NULL,
          acknowledged_by {text},
          acknowledged_at {int},
          acknowledged_note {text},
          reset_at {int},
          closed_by {text},
          closed_at {int},
          closed_note {text},
          state {text} NOT NULL CHECK (state IN ('raised', 'acknowledged', 'reset', 'closed')),
          version {int} NOT NULL,
          PRIMARY KEY (organisation, id),
          CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
          CHECK (closed_at IS NULL OR (closed_by IS NOT NULL AND length(closed_note) > 0))
        ) {clustered};
        CREATE UNIQUE INDEX alarm_open_key ON alarm (organisation, device, event) WHERE closed_at IS NULL;
        CREATE INDEX alarm_feed ON alarm (organisation, rank, raised_at, id) WHERE closed_at IS NULL;
        CREATE INDEX alarm_closed ON alarm (organisation, rank, raised_at, id) WHERE closed_at IS NOT NULL;

        CREATE TABLE alarm_step (
          organisation {id} NOT NULL,
          alarm {id} NOT NULL,
          number {int} NOT NULL,
          act {text} NOT NULL,
          at {int} NOT NULL,
          by_name {text},
          note {text} NOT NULL,
          PRIMARY KEY (organisation, alarm, number),
          FOREIGN KEY (organisation, alarm) REFERENCES alarm (organisation, id)
        ) {clustered};
        """)
    ])
}
