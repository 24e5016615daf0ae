package import SQLStore

extension Estate {
  /// The tables of this context.
  ///
  /// A room carries its staircase's order and its floor's level, which never change: the board is one range of one
  /// index.
  package static let migrations = SQLMigrations(
    context: "estate",
    steps: [
      .init(
        1, "projects, buildings, staircases, floors and rooms",
        """
        CREATE TABLE estate_project (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
          created_at {int} NOT NULL,
          version {int} NOT NULL,
          PRIMARY KEY (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX estate_project_name_key ON estate_project (organisation, name);

        CREATE TABLE estate_building (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          project {id} NOT NULL,
          name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
          rooms {int} NOT NULL,
          created_at {int} NOT NULL,
          version {int} NOT NULL,
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, project) REFERENCES estate_project (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX estate_building_name_key ON estate_building (organisation, project, name);

        CREATE TABLE estate_unit (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          building {id} NOT NULL,
          position {int} NOT NULL CHECK (position >= 1),
          name {text} NOT NULL,
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, building) REFERENCES estate_building (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX estate_unit_position_key ON estate_unit (organisation, building, position);

        CREATE TABLE estate_floor (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          unit {id} NOT NULL,
          level {int} NOT NULL CHECK (level <> 0),
          name {text} NOT NULL,
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, unit) REFERENCES estate_unit (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX estate_floor_level_key ON estate_floor (organisation, unit, level);

        CREATE TABLE estate_room (
          organisation {id} NOT NULL,
          id {id} NOT NULL,
          building {id} NOT NULL,
          unit {id} NOT NULL,
          floor {id} NOT NULL,
          unit_position {int} NOT NULL,
          floor_level {int} NOT NULL,
          position {int} NOT NULL CHECK (position >= 1),
          name {text} NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
          version {int} NOT NULL,
          PRIMARY KEY (organisation, id),
          FOREIGN KEY (organisation, building) REFERENCES estate_building (organisation, id),
          FOREIGN KEY (organisation, unit) REFERENCES estate_unit (organisation, id),
          FOREIGN KEY (organisation, floor) REFERENCES estate_floor (organisation, id)
        ) {clustered};
        CREATE UNIQUE INDEX estate_room_board_key
          ON estate_room (organisation, building, unit_position, floor_level, position);
        CREATE UNIQUE INDEX estate_room_name_key ON estate_room (organisation, unit, name);
        """)
    ])
}
