/// A statement with its parameters. Every interpolation is bound, never pasted into the text:
///
/// ```swift
/// let sql: SQL = "SELECT name FROM room WHERE organisation = \(organisation) AND floor > \(3)"
/// ```
///
/// One statement only, without a trailing semicolon. PostgreSQL infers the type of a NULL from its surroundings; where
/// there are none, write `CAST(\(value) AS TEXT)`.
public struct SQL: Sendable, Hashable {
  /// The text around the parameters: always one more than `values`.
  private(set) var pieces: [String]
  /// The parameters in order.
  public private(set) var values: [SQLValue]

  /// A text written by the programmer, without parameters. Never give it anything that came from outside.
  public init(raw text: String) {
    pieces = [text]
    values = []
  }

  /// The text with its parameters numbered `$1`, `$2` …: both stores read that.
  public var text: String {
    var text = pieces[0]
    for (offset, piece) in pieces.dropFirst().enumerated() {
      text += "$\(offset + 1)"
      text += piece
    }
    return text
  }

  mutating func append(_ text: String) {
    pieces[pieces.count - 1] += text
  }

  mutating func append(_ value: SQLValue) {
    values.append(value)
    pieces.append("")
  }

  mutating func append(_ other: SQL) {
    append(other.pieces[0])
    for (piece, value) in zip(other.pieces.dropFirst(), other.values) {
      append(value)
      append(piece)
    }
  }

  /// One statement after the other, as it stands: put the blanks yourself.
  public static func + (left: SQL, right: SQL) -> SQL {
    var sum = left
    sum.append(right)
    return sum
  }

  public static func += (left: inout SQL, right: SQL) {
    left.append(right)
  }
}

extension SQL: ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) {
    self.init(raw: value)
  }

  public init(stringInterpolation: StringInterpolation) {
    self = stringInterpolation.sql
  }

  /// Makes every interpolation a bound parameter.
  public struct StringInterpolation: StringInterpolationProtocol {
    var sql = SQL(raw: "")

    public init(literalCapacity: Int, interpolationCount: Int) {
      sql.append("")
    }

    public mutating func appendLiteral(_ literal: String) {
      sql.append(literal)
    }

    /// A bound parameter.
    public mutating func appendInterpolation(_ value: some SQLBindable) {
      sql.append(value.sqlValue)
    }

    /// A bound parameter; nil is NULL.
    public mutating func appendInterpolation<Value: SQLBindable>(_ value: Value?) {
      sql.append(value?.sqlValue ?? .null)
    }

    /// A piece of another statement, with its parameters.
    public mutating func appendInterpolation(_ other: SQL) {
      sql.append(other)
    }

    /// Bound parameters in brackets, for `IN`: `($1, $2, $3)`; `(NULL)`, which matches nothing, when there are none.
    public mutating func appendInterpolation(list values: some Sequence<some SQLBindable>) {
      var separator = "("
      for value in values {
        sql.append(separator)
        sql.append(value.sqlValue)
        separator = ", "
      }
      sql.append(separator == "(" ? "(NULL)" : ")")
    }

    /// Text written by the programmer: a table's or a column's name. Never anything that came from outside.
    public mutating func appendInterpolation(raw text: String) {
      sql.append(text)
    }
  }
}
