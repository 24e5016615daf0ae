import GRDB
import GRDBSQLite

/// The extended codes of SQLITE_CONSTRAINT, which C spells as macros that Swift does not read.
private enum Constraint {
  static let check = SQLITE_CONSTRAINT | 1 << 8
  static let foreignKey = SQLITE_CONSTRAINT | 3 << 8
  static let notNull = SQLITE_CONSTRAINT | 5 << 8
  static let primaryKey = SQLITE_CONSTRAINT | 6 << 8
  static let unique = SQLITE_CONSTRAINT | 8 << 8
  static let rowid = SQLITE_CONSTRAINT | 10 << 8
}

extension SQLError {
  /// - Parameters:
  ///   - sqliteCode: the extended result code.
  ///   - uniqueName: finds the name of the unique index over the columns, given as `t.a, t.b`.
  init(sqliteCode: Int32, message: String, uniqueName: (String) -> String) {
    let detail = String(message.drop { $0 != ":" }.dropFirst(2))
    switch sqliteCode {
    case Constraint.unique, Constraint.primaryKey, Constraint.rowid:
      self = .unique(constraint: uniqueName(detail))
    case Constraint.foreignKey:
      self = .foreignKey(constraint: nil)
    case Constraint.check:
      self = .check(constraint: detail)
    case Constraint.notNull:
      self = .notNull(column: detail)
    default:
      self.init(sqliteCode: sqliteCode, message: message)
    }
  }

  private init(sqliteCode: Int32, message: String) {
    switch sqliteCode & 0xff {
    case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE: self = .data(message: message)
    case SQLITE_BUSY, SQLITE_LOCKED: self = .busy(message: message)
    case SQLITE_FULL: self = .full(message: message)
    case SQLITE_READONLY: self = .readOnly(message: message)
    case SQLITE_INTERRUPT: self = .cancelled
    case SQLITE_ERROR: self = .syntax(message: message)
    case SQLITE_PERM, SQLITE_AUTH: self = .access(message: message)
    case SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_NOMEM: self = .io(message: message)
    default: self = .other(code: "SQLITE \(sqliteCode)", message: message)
    }
  }

  /// What GRDB threw.
  init(sqlite error: any Error) {
    switch error {
    case let error as SQLError: self = error
    case let error as DatabaseError:
      let message = error.message ?? ""
      self.init(sqliteCode: error.extendedResultCode.rawValue, message: message) { $0 }
    case is CancellationError: self = .cancelled
    default: self = .io(message: "\(error)")
    }
  }
}

extension SQLiteDriver {
  /// The name of the unique index that SQLite describes as `t.a, t.b` or `index 'name'`.
  ///
  /// SQLite has no names for the keys written in a table; they get the ones PostgreSQL would give.
  func unique(_ description: String) -> String {
    if description.hasPrefix("index '") { return String(description.dropFirst(7).dropLast()) }
    let names = description.split(separator: ", ").map { $0.split(separator: ".", maxSplits: 1).map(String.init) }
    guard let table = names.first?.first, names.allSatisfy({ $0.count == 2 }) else { return description }
    let columns = names.map { $0[1] }
    let query = "SELECT name, origin FROM pragma_index_list($1) WHERE \"unique\""
    let list = try? rows(query, [.text(table)], max: 1_000)
    for index in list ?? [] {
      guard let name = try? index.text(0), let origin = try? index.text(1),
        let members = try? rows("SELECT name FROM pragma_index_info($1) ORDER BY seqno", [.text(name)], max: 1_000),
        members.map({ try? $0.optionalText(0) }) == columns
      else { continue }
      switch origin {
      case "c": return name
      case "pk": return "\(table)_pkey"
      default: return "\(table)_\(columns.joined(separator: "_"))_key"
      }
    }
    // A rowid table's INTEGER PRIMARY KEY has no index.
    return "\(table)_pkey"
  }
}
