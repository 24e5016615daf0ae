/// What can go wrong in a store. Messages hold no row's data.
public enum SQLError: Error, Sendable, Hashable {
  /// A second row with the same key. The name is that of the unique index, or PostgreSQL's default name of the
  /// constraint (`account_pkey`, `account_name_key`), the same on both stores.
  case unique(constraint: String)
  /// A row that is referred to is missing or would be. SQLite does not tell which constraint: nil there.
  case foreignKey(constraint: String?)
  /// The constraint's name as written in the table, or the text of an unnamed one on SQLite.
  case check(constraint: String)
  /// A value is missing: `table.column`.
  case notNull(column: String)
  /// A value of the wrong type, out of range or not storable.
  case data(message: String)
  /// Another holds the lock for longer than the wait allowed, or the server has no connection left: try again.
  case busy(message: String)
  /// Two transactions contradict each other. `write` has already repeated the body as often as it may.
  case serialization(message: String)
  /// The server cannot be reached or hung up; nothing was committed. The next call connects again.
  case connectionLost(message: String)
  /// The connection broke during COMMIT: it is not known whether the transaction was committed.
  case commitUncertain(message: String)
  /// No room left on the disk, or the file's own limit is reached.
  case full(message: String)
  /// A write in a read, or on a store that cannot be written.
  case readOnly(message: String)
  /// The task was cancelled; nothing was committed.
  case cancelled
  /// The store was closed.
  case closed
  /// The statement cannot be understood, or names what does not exist.
  case syntax(message: String)
  /// A row has no such column, or its value is of another type than was asked for.
  case column(name: String, message: String)
  /// More rows than a page may hold: use `each`, or a LIMIT.
  case tooManyRows(max: Int)
  /// An earlier statement of this transaction failed; the transaction cannot go on.
  case aborted
  /// The database was migrated by another version of the program, or an applied step was changed.
  case migration(context: String, number: Int, message: String)
  /// The user or password is wrong, or a right is missing.
  case access(message: String)
  /// The disk failed or the file is damaged.
  case io(message: String)
  /// Anything else.
  case other(code: String, message: String)

  /// Whether the same call may succeed a little later.
  public var isTemporary: Bool {
    switch self {
    case .busy, .serialization, .connectionLost: true
    default: false
    }
  }
}

extension SQLError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unique(let constraint): "unique constraint \(constraint) violated"
    case .foreignKey(let constraint): "foreign key constraint \(constraint ?? "(unnamed)") violated"
    case .check(let constraint): "check constraint \(constraint) violated"
    case .notNull(let column): "\(column) must not be null"
    case .data(let message): "value not storable: \(message)"
    case .busy(let message): "store busy: \(message)"
    case .serialization(let message): "transactions contradict each other: \(message)"
    case .connectionLost(let message): "connection to the database lost: \(message)"
    case .commitUncertain(let message): "connection lost during commit, outcome unknown: \(message)"
    case .full(let message): "store full: \(message)"
    case .readOnly(let message): "store read only: \(message)"
    case .cancelled: "cancelled"
    case .closed: "store closed"
    case .syntax(let message): "statement wrong: \(message)"
    case .column(let name, let message): "column \(name): \(message)"
    case .tooManyRows(let max): "more than \(max) rows"
    case .aborted: "an earlier statement of the transaction failed"
    case .migration(let context, let number, let message): "migration \(context) \(number): \(message)"
    case .access(let message): "access refused: \(message)"
    case .io(let message): "disk or file damaged: \(message)"
    case .other(let code, let message): "store error \(code): \(message)"
    }
  }
}
