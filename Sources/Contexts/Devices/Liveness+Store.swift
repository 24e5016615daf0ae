import Kernel
import SQLStore

extension SQLConnection {
  func put(_ liveness: Liveness, of device: ID<Device>, organisation: ID<Organisation>) throws {
    try execute(
      """
      INSERT INTO device_liveness (organisation, device, state, since, last_message_at, connected,
        connection_changed_at)
      VALUES (\(organisation), \(device), \(liveness.state.rawValue), \(liveness.since), \(liveness.lastMessageAt),
        \(liveness.isConnected), \(liveness.connectionChangedAt))
      ON CONFLICT (organisation, device) DO UPDATE SET state = excluded.state, since = excluded.since,
        last_message_at = excluded.last_message_at, connected = excluded.connected,
        connection_changed_at = excluded.connection_changed_at
      """)
  }

  /// All devices' liveness, by number; at most `limit`.
  func allLiveness(after number: DeviceNumber, limit: Int) throws -> [(DeviceNumber, Liveness)] {
    try rows(
      """
      SELECT d.number, l.state, l.since, l.last_message_at, l.connected, l.connection_changed_at
      FROM device d JOIN device_liveness l ON l.organisation = d.organisation AND l.device = d.id
      WHERE d.number > \(number.value) ORDER BY d.number LIMIT \(limit)
      """
    ).map { row in
      guard let state = LivenessState(rawValue: try row.text("state")) else { throw StoreFailure.broken }
      let liveness = Liveness(
        state: state, since: try row.optionalInstant("since"),
        lastMessageAt: try row.optionalInstant("last_message_at"),
        isConnected: try row.bool("connected"), connectionChangedAt: try row.optionalInstant("connection_changed_at"))
      return (DeviceNumber(UInt32(truncatingIfNeeded: try row.integer("number"))), liveness)
    }
  }
}

extension Unit {
  /// The device was heard of: a registered one is active from then on.
  func activate(_ device: ID<Device>, organisation: ID<Organisation>) throws {
    let count = try sql.execute(
      """
      UPDATE device SET status = 'active', version = version + 1
      WHERE organisation = \(organisation) AND id = \(device) AND status = 'registered'
      """)
    guard count == 1 else { return }
    try record(DeviceChanged(device: device, change: .activated), organisation: organisation)
  }
}
