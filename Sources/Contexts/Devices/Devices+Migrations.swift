package import SQLStore

extension Devices {
  /// The tables of this context, those of telemetry apart.
  package static let migrations = SQLMigrations(
    context: "devices",
    steps: [
      .init(1, "registry", registry),
      .init(2, "twins, commands and events", activity),
      .init(3, "rejected parts of urgent messages", rejected),
    ])

  private static let registry = """
    CREATE TABLE device_model (
      organisation {id} NOT NULL,
      key {text} NOT NULL,
      version {int} NOT NULL CHECK (version >= 1),
      json {blob} NOT NULL,
      loaded_at {int} NOT NULL,
      PRIMARY KEY (organisation, key, version)
    ) {clustered};

    CREATE TABLE device (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      number {int} NOT NULL CHECK (number BETWEEN 1 AND 4294967295),
      name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
      search {text} NOT NULL,
      model {text} NOT NULL,
      model_version {int} NOT NULL,
      kind {text} NOT NULL,
      building {id},
      room {id},
      gateway {id},
      labels {text} NOT NULL,
      approvals {text} NOT NULL,
      status {text} NOT NULL CHECK (status IN ('registered', 'active', 'decommissioned')),
      registered_at {int} NOT NULL,
      owned_since {int} NOT NULL,
      version {int} NOT NULL,
      PRIMARY KEY (organisation, id),
      CHECK ((room IS NULL) = (building IS NULL))
    ) {clustered};
    CREATE UNIQUE INDEX device_name_key ON device (name);
    CREATE UNIQUE INDEX device_number_key ON device (number);
    CREATE UNIQUE INDEX device_id_key ON device (id);
    CREATE INDEX device_by_name ON device (organisation, name);
    CREATE INDEX device_by_building ON device (organisation, building, name);

    CREATE TABLE device_certificate (
      organisation {id} NOT NULL,
      device {id} NOT NULL,
      serial {text} NOT NULL,
      fingerprint {text} NOT NULL,
      not_before {int} NOT NULL,
      not_after {int} NOT NULL,
      issued_at {int} NOT NULL,
      revoked_at {int},
      reason {text},
      PRIMARY KEY (organisation, device, serial),
      CHECK ((revoked_at IS NULL) = (reason IS NULL))
    ) {clustered};
    CREATE UNIQUE INDEX device_certificate_serial_key ON device_certificate (serial);

    CREATE TABLE device_liveness (
      organisation {id} NOT NULL,
      device {id} NOT NULL,
      state {text} NOT NULL CHECK (state IN ('unseen', 'online', 'stale', 'offline')),
      since {int},
      last_message_at {int},
      connected {int} NOT NULL CHECK (connected IN (0, 1)),
      connection_changed_at {int},
      PRIMARY KEY (organisation, device)
    ) {clustered};

    CREATE TABLE device_hello (
      organisation {id} NOT NULL,
      device {id} NOT NULL,
      boot {int} NOT NULL,
      sequence {int} NOT NULL,
      firmware {text} NOT NULL,
      model_version {int} NOT NULL,
      at {int} NOT NULL,
      PRIMARY KEY (organisation, device)
    ) {clustered};
    """

  private static let rejected = """
    CREATE TABLE device_rejected (
      id {serial},
      organisation {id} NOT NULL,
      device {id} NOT NULL,
      property {text},
      reason {text} NOT NULL,
      given {text} NOT NULL,
      device_time {int} NOT NULL,
      received_at {int} NOT NULL
    ) {strict};
    CREATE INDEX device_rejected_by_device ON device_rejected (organisation, device, id);
    CREATE INDEX device_rejected_by_organisation ON device_rejected (organisation, id);
    """

  private static let activity = """
    CREATE TABLE device_twin (
      organisation {id} NOT NULL,
      device {id} NOT NULL,
      desired_version {int} NOT NULL,
      reported_version {int} NOT NULL,
      differs {int} NOT NULL CHECK (differs IN (0, 1)),
      PRIMARY KEY (organisation, device)
    ) {clustered};
    CREATE INDEX device_twin_differing ON device_twin (organisation, device) WHERE differs = 1;

    CREATE TABLE device_twin_property (
      organisation {id} NOT NULL,
      device {id} NOT NULL,
      property {text} NOT NULL,
      desired {text},
      desired_at {int},
      reported {text},
      reported_at {int},
      boot {int},
      sequence {int},
      PRIMARY KEY (organisation, device, property)
    ) {clustered};

    CREATE TABLE device_command (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      device {id} NOT NULL,
      service {text} NOT NULL,
      arguments {text} NOT NULL,
      dangerous {int} NOT NULL CHECK (dangerous IN (0, 1)),
      idempotency_key {text},
      issued_by {text} NOT NULL,
      issued_at {int} NOT NULL,
      deadline {int} NOT NULL,
      state {text} NOT NULL,
      attempts {int} NOT NULL,
      sent_at {int},
      received_at {int},
      done_at {int},
      ended_at {int},
      verify_by {int},
      result {text} NOT NULL,
      failure_code {text},
      failure_message {text},
      due_at {int},
      version {int} NOT NULL,
      PRIMARY KEY (organisation, id),
      CHECK ((ended_at IS NULL) = (due_at IS NOT NULL))
    ) {clustered};
    CREATE UNIQUE INDEX device_command_id_key ON device_command (id);
    CREATE UNIQUE INDEX device_command_idempotency_key ON device_command (organisation, idempotency_key)
      WHERE idempotency_key IS NOT NULL;
    CREATE INDEX device_command_by_device ON device_command (organisation, device, id);
    CREATE INDEX device_command_open ON device_command (organisation, device, id) WHERE ended_at IS NULL;
    CREATE INDEX device_command_due ON device_command (due_at, id) WHERE ended_at IS NULL;
    CREATE INDEX device_command_waiting ON device_command (state, id) WHERE ended_at IS NULL;

    CREATE TABLE device_event (
      organisation {id} NOT NULL,
      id {id} NOT NULL,
      device {id} NOT NULL,
      event {text} NOT NULL,
      level {text} NOT NULL,
      device_time {int} NOT NULL,
      received_at {int} NOT NULL,
      boot {int} NOT NULL,
      sequence {int} NOT NULL,
      content {text} NOT NULL,
      PRIMARY KEY (organisation, id)
    ) {clustered};
    CREATE UNIQUE INDEX device_event_once_key ON device_event (organisation, device, boot, sequence);
    CREATE INDEX device_event_by_device ON device_event (organisation, device, id);
    """
}
