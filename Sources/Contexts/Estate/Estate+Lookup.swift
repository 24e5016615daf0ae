package import Kernel
package import SQLStore

extension Estate {
  /// The rooms of a name, inside another context's unit of work: for files that people write.
  ///
  /// - Parameters:
  ///   - unit: the staircase's name; nil for any.
  ///   - building: the building's name; empty for any.
  /// - Returns: at most two: enough to know whether the name is clear.
  package static func rooms(
    named name: String, unit: String?, building: String, organisation: ID<Organisation>, in sql: SQLConnection
  ) throws -> [ID<Room>] {
    var query: SQL = """
      SELECT r.id FROM estate_room r
      JOIN estate_building b ON b.organisation = r.organisation AND b.id = r.building
      JOIN estate_unit u ON u.organisation = r.organisation AND u.id = r.unit
      WHERE r.organisation = \(organisation) AND r.name = \(name)
      """
    if !building.isEmpty { query += " AND b.name = \(building)" }
    if let unit { query += " AND u.name = \(unit)" }
    return try sql.rows(query + " ORDER BY r.id LIMIT 2").map { try $0.id("id") }
  }
}
