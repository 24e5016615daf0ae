/// One row of an answer. Values are read by column name or place, by the type that is expected.
public struct SQLRow: Sendable {
  let columns: SQLColumns
  /// The values in the order of the columns.
  public let values: [SQLValue]

  /// The names of the columns, in order.
  public var names: [String] { columns.names }

  /// The value of a column.
  ///
  /// - Throws: `.column` when there is none of this name.
  public func value(_ name: String) throws(SQLError) -> SQLValue {
    guard let index = columns.index(of: name) else { throw .column(name: name, message: "not in the answer") }
    return values[index]
  }

  /// The value at a place, from 0.
  ///
  /// - Throws: `.column` when there are fewer columns.
  public func value(_ index: Int) throws(SQLError) -> SQLValue {
    guard values.indices.contains(index) else { throw .column(name: "\(index)", message: "not in the answer") }
    return values[index]
  }

  // MARK: By name; `.column` is thrown for another type, and for NULL unless the call says optional.

  public func integer(_ name: String) throws(SQLError) -> Int64 { try present(optionalInteger(name), name) }
  public func int(_ name: String) throws(SQLError) -> Int { Int(try integer(name)) }
  public func real(_ name: String) throws(SQLError) -> Double { try present(optionalReal(name), name) }
  public func text(_ name: String) throws(SQLError) -> String { try present(optionalText(name), name) }
  public func blob(_ name: String) throws(SQLError) -> [UInt8] { try present(optionalBlob(name), name) }
  /// 0 is false, 1 is true, nothing else is a truth value.
  public func bool(_ name: String) throws(SQLError) -> Bool { try present(optionalBool(name), name) }

  public func optionalInteger(_ name: String) throws(SQLError) -> Int64? { try value(name).integer(name) }
  public func optionalInt(_ name: String) throws(SQLError) -> Int? { try value(name).integer(name).map { Int($0) } }
  public func optionalReal(_ name: String) throws(SQLError) -> Double? { try value(name).real(name) }
  public func optionalText(_ name: String) throws(SQLError) -> String? { try value(name).text(name) }
  public func optionalBlob(_ name: String) throws(SQLError) -> [UInt8]? { try value(name).blob(name) }
  public func optionalBool(_ name: String) throws(SQLError) -> Bool? { try value(name).bool(name) }

  // MARK: By place.

  public func integer(_ index: Int) throws(SQLError) -> Int64 {
    try present(value(index).integer("\(index)"), "\(index)")
  }
  public func int(_ index: Int) throws(SQLError) -> Int { Int(try integer(index)) }
  public func real(_ index: Int) throws(SQLError) -> Double { try present(value(index).real("\(index)"), "\(index)") }
  public func text(_ index: Int) throws(SQLError) -> String { try present(value(index).text("\(index)"), "\(index)") }
  public func blob(_ index: Int) throws(SQLError) -> [UInt8] { try present(value(index).blob("\(index)"), "\(index)") }
  public func optionalInteger(_ index: Int) throws(SQLError) -> Int64? { try value(index).integer("\(index)") }
  public func optionalReal(_ index: Int) throws(SQLError) -> Double? { try value(index).real("\(index)") }
  public func optionalText(_ index: Int) throws(SQLError) -> String? { try value(index).text("\(index)") }
  public func optionalBlob(_ index: Int) throws(SQLError) -> [UInt8]? { try value(index).blob("\(index)") }

  private func present<T>(_ value: T?, _ name: String) throws(SQLError) -> T {
    guard let value else { throw .column(name: name, message: "is null") }
    return value
  }
}

/// The names of an answer's columns, shared by its rows.
final class SQLColumns: Sendable {
  let names: [String]

  init(_ names: [String]) {
    self.names = names
  }

  /// A search along a handful of names is quicker than a dictionary.
  func index(of name: String) -> Int? {
    names.firstIndex(of: name)
  }
}

extension SQLValue {
  fileprivate func integer(_ name: String) throws(SQLError) -> Int64? {
    switch self {
    case .null: nil
    case .integer(let value): value
    default: throw mismatch(name, "integer")
    }
  }

  /// An integer is a real too, as SQLite stores 2.0 in a column without a type.
  fileprivate func real(_ name: String) throws(SQLError) -> Double? {
    switch self {
    case .null: nil
    case .real(let value): value
    case .integer(let value): Double(value)
    default: throw mismatch(name, "real")
    }
  }

  fileprivate func text(_ name: String) throws(SQLError) -> String? {
    switch self {
    case .null: nil
    case .text(let value): value
    default: throw mismatch(name, "text")
    }
  }

  fileprivate func blob(_ name: String) throws(SQLError) -> [UInt8]? {
    switch self {
    case .null: nil
    case .blob(let value): value
    default: throw mismatch(name, "blob")
    }
  }

  fileprivate func bool(_ name: String) throws(SQLError) -> Bool? {
    switch self {
    case .null: nil
    case .integer(0): false
    case .integer(1): true
    default: throw mismatch(name, "truth value")
    }
  }

  private func mismatch(_ name: String, _ wanted: String) -> SQLError {
    .column(name: name, message: "is \(typeName), not \(wanted)")
  }
}
