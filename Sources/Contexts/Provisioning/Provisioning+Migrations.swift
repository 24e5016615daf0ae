package import SQLStore

extension Provisioning {
  /// The tables of this context.
  package static let migrations = SQLMigrations(
    context: "provisioning",
    steps: [
      .init(
        1, "stations, lots and what is kept of devices' keys",
        """
        CREATE TABLE factory_station (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          name {text} NOT NULL,
          verifying_key {blob} NOT NULL,
          encryption_key {blob} NOT NULL,
          blocked {int} NOT NULL CHECK (blocked IN (0, 1)),
          registered_at {int} NOT NULL,
          PRIMARY KEY (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX factory_station_name_key ON factory_station (organisation, name);

        CREATE TABLE provisioning_lot (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          station {id} NOT NULL,
          quota {int} NOT NULL CHECK (quota >= 1),
          used {int} NOT NULL CHECK (used BETWEEN 0 AND quota),
          valid_from {int} NOT NULL,
          valid_until {int} NOT NULL CHECK (valid_until > valid_from),
          closed_at {int},
          is_file {int} NOT NULL CHECK (is_file IN (0, 1)),
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, station) REFERENCES factory_station (organisation, id)
        ) {clustered};
        CREATE INDEX provisioning_lot_by_station ON provisioning_lot (organisation, station, id);

        CREATE TABLE device_key (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          device {text} NOT NULL,
          element {text},
          lot {id} NOT NULL,
          request {blob} NOT NULL,
          random {blob} NOT NULL,
          root_version {int},
          check_value {blob},
          verifying_key {blob} NOT NULL,
          state {text} NOT NULL CHECK (state IN ('pending', 'issued', 'confirmed', 'compromised', 'retired')),
          provisioned_at {int} NOT NULL,
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, lot) REFERENCES provisioning_lot (organisation, id),
          CHECK (state NOT IN ('issued', 'confirmed') OR (root_version IS NOT NULL AND check_value IS NOT NULL))
        ) {clustered};
        CREATE UNIQUE INDEX device_key_one_key ON device_key (device) WHERE state IN ('pending', 'issued', 'confirmed');
        CREATE INDEX device_key_by_lot ON device_key (organisation, lot, id);

        CREATE TABLE device_epoch (
          organisation {id} NOT NULL,
          device_key {id} NOT NULL,
          epoch {int} NOT NULL,
          platform_random {blob} NOT NULL,
          device_random {blob} NOT NULL,
          agreed_at {int} NOT NULL,
          PRIMARY KEY (organisation, device_key, epoch),
          FOREIGN KEY (organisation, device_key) REFERENCES device_key (organisation, id)
        ) {clustered};
        """),
      .init(
        2, "why a station or a key was stopped, what a lot is called, and the files that were made",
        """
        ALTER TABLE factory_station ADD COLUMN blocked_at {int};
        ALTER TABLE factory_station ADD COLUMN block_reason {text};
        ALTER TABLE provisioning_lot ADD COLUMN note {text} NOT NULL DEFAULT '';
        ALTER TABLE device_key ADD COLUMN withdrawn_at {int};
        ALTER TABLE device_key ADD COLUMN withdraw_reason {text};
        CREATE INDEX device_key_by_device ON device_key (organisation, device, id);

        CREATE TABLE provisioning_file (
          organisation {id} NOT NULL,
          lot {id} NOT NULL,
          file {blob} NOT NULL,
          made_at {int} NOT NULL,
          PRIMARY KEY (organisation, lot),
          FOREIGN KEY (organisation, lot) REFERENCES provisioning_lot (organisation, id)
        );
        """),
    ])
}
