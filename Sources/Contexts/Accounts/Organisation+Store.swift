import Kernel
import SQLStore

extension SQLConnection {
  func hasAccounts() throws(SQLError) -> Bool {
    try row("SELECT id FROM account LIMIT 1") != nil
  }

  func insertOrganisation(_ id: ID<Organisation>, name: String, at now: Instant) throws(SQLError) {
    try execute("INSERT INTO organisation (id, name, created_at) VALUES (\(id), \(name), \(now))")
  }

  /// - Throws: `.accountUnknown` when there is no such organisation: nor are its accounts.
  func organisationName(_ id: ID<Organisation>) throws -> String {
    guard let row = try row("SELECT name FROM organisation WHERE id = \(id)") else {
      throw AccountsError.accountUnknown
    }
    return try row.text("name")
  }
}
