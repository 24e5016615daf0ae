import Kernel
import SQLStore

extension SQLConnection {
  func hasAccounts() throws(SQLError) -> Bool {
    try row("SELECT id FROM account LIMIT 1") != nil
  }

  func insertOrganisation(_ id: ID<Organisation>, name: String, at now: Instant) throws(SQLError) {
    try execute("INSERT INTO organisation (id, name, created_at) VALUES (\(id), \(name), \(now))")
  }

  /// The organisation that the installation began with: ids are in the order of time.
  func firstOrganisation() throws(SQLError) -> ID<Organisation>? {
    try row("SELECT id FROM organisation ORDER BY id LIMIT 1").map { row throws(SQLError) in try row.id("id") }
  }

  /// - Throws: `.accountUnknown` when there is no such organisation: nor are its accounts.
  func organisationName(_ id: ID<Organisation>) throws -> String {
    guard let row = try row("SELECT name FROM organisation WHERE id = \(id)") else {
      throw AccountsError.accountUnknown
    }
    return try row.text("name")
  }
}
