import Estate
package import Kernel
import SQLStore

extension Devices {
  /// Those of the devices that the principal may read: to cut a stream of what happens to whom it concerns.
  package func readable(_ ids: Set<ID<Device>>, by principal: Principal) async throws(DevicesError) -> Set<ID<Device>> {
    guard principal.permissions.contains(.devicesRead), !ids.isEmpty else { return [] }
    return try await work.read(DevicesError.self) { sql in
      Set(try sql.owned(ids.sorted(), by: principal).map(\.id))
    }
  }
}

extension SQLConnection {
  /// A device within reach.
  ///
  /// - Throws: `.deviceUnknown`.
  func device(_ id: ID<Device>, for permission: Permission, _ principal: Principal) throws -> StoredDevice {
    let stored = try device(id, of: principal.organisation)
    guard try Estate.reach(of: principal, for: permission, in: self).contains(stored.device.place?.building) else {
      throw DevicesError.deviceUnknown
    }
    return stored
  }

  /// The devices whose data a principal may read.
  func owned(_ ids: [ID<Device>], by principal: Principal) throws -> [OwnedDevice] {
    let reach = try Estate.reach(of: principal, for: .devicesRead, in: self)
    return try owned(" AND id IN \(list: ids)", of: principal.organisation, reach)
  }

  /// All of them; nil for who reads all of the organisation's.
  func owned(by principal: Principal) throws -> [OwnedDevice]? {
    let reach = try Estate.reach(of: principal, for: .devicesRead, in: self)
    return reach == .all ? nil : try owned("", of: principal.organisation, reach)
  }

  private func owned(_ condition: SQL, of organisation: ID<Organisation>, _ reach: Reach) throws -> [OwnedDevice] {
    let sql: SQL =
      "SELECT id, number, registered_at, owned_since FROM device WHERE organisation = \(organisation)"
    return try rows(sql + condition + reach.clause("building")).map { row in
      let (registered, owned) = (try row.instant("registered_at"), try row.instant("owned_since"))
      return OwnedDevice(
        id: try row.id("id"), number: DeviceNumber(UInt32(truncatingIfNeeded: try row.integer("number"))),
        since: owned == registered ? Instant(microseconds: .min) : owned)
    }
  }
}

extension Unit {
  /// Whether a principal may put a device there: a room of a building, or nowhere, which only those of the whole
  /// organisation may.
  ///
  /// - Throws: `.fieldInvalid` for a room out of reach, as if there were none.
  func requireReach(_ place: DevicePlace?, _ principal: Principal) throws {
    guard try !Estate.reach(of: principal, for: .devicesWrite, in: sql).contains(place?.building) else { return }
    throw DevicesError.fieldInvalid(
      field: "room", problem: place == nil ? "must be one of a building of yours" : "there is no such room")
  }
}
