/// Reads CSV (RFC 4180) line by line: quoted fields, doubled quotes, CR LF or LF; comma, semicolon or tab, whichever
/// the heading uses.
struct CSVReader {
  /// One line's fields and its number as an editor counts.
  struct Line: Equatable {
    let number: Int
    let fields: [String]
  }

  enum Problem: Error, Equatable {
    /// Neither UTF-8 nor GB 18030.
    case notText
    /// A quote that begins in this line never ends.
    case openQuote(line: Int)
    case tooManyLines
    /// A field of more bytes than `fieldBytesMax`.
    case fieldTooLong(line: Int)
  }

  static let fieldBytesMax = 4_096

  /// - Parameter linesMax: with the heading.
  static func read(_ bytes: [UInt8], linesMax: Int) throws(Problem) -> [Line] {
    var reader = CSVReader(try TextDecoding.utf8(bytes), linesMax: linesMax)
    return try reader.lines()
  }

  private let bytes: [UInt8]
  private let linesMax: Int
  private let separator: UInt8
  private var position = 0
  private var number = 1

  private init(_ bytes: [UInt8], linesMax: Int) {
    self.bytes = bytes
    self.linesMax = linesMax
    let heading = bytes.prefix { $0 != 0x0a && $0 != 0x0d }
    let counts = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09].map { mark in
      (mark, heading.reduce(0) { $0 + ($1 == mark ? 1 : 0) })
    }
    separator = counts.max { $0.1 < $1.1 }.map { $0.1 > 0 ? $0.0 : UInt8(ascii: ",") } ?? UInt8(ascii: ",")
  }

  private mutating func lines() throws(Problem) -> [Line] {
    var lines: [Line] = []
    while position < bytes.count {
      let start = number
      let fields = try line()
      if fields.allSatisfy({ $0.isEmpty }) { continue }
      guard lines.count < linesMax else { throw .tooManyLines }
      lines.append(Line(number: start, fields: fields))
    }
    return lines
  }

  private mutating func line() throws(Problem) -> [String] {
    let start = number
    var fields: [String] = []
    while true {
      let field = position < bytes.count && bytes[position] == UInt8(ascii: "\"")
        ? try quoted(start) : plain()
      guard field.count <= Self.fieldBytesMax else { throw .fieldTooLong(line: start) }
      fields.append(Self.trimmed(field))
      guard position < bytes.count else { return fields }
      let byte = bytes[position]
      position += 1
      if byte == separator { continue }
      if byte == 0x0d, position < bytes.count, bytes[position] == 0x0a { position += 1 }
      number += 1
      return fields
    }
  }

  private mutating func plain() -> ArraySlice<UInt8> {
    let start = position
    while position < bytes.count, bytes[position] != separator, bytes[position] != 0x0a, bytes[position] != 0x0d {
      position += 1
    }
    return bytes[start..<position]
  }

  private mutating func quoted(_ line: Int) throws(Problem) -> ArraySlice<UInt8> {
    position += 1
    var field: ArraySlice<UInt8> = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") {
        guard position < bytes.count, bytes[position] == byte else {
          // What stands between the closing quote and the separator belongs to nobody.
          _ = plain()
          return field
        }
        position += 1
      } else if byte == 0x0a {
        number += 1
      }
      field.append(byte)
    }
    throw .openQuote(line: line)
  }

  private static func trimmed(_ field: ArraySlice<UInt8>) -> String {
    let text = String(decoding: field, as: UTF8.self)
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
    return String(text[start..<end])
  }

  /// A field as it may be written into a CSV that a spreadsheet opens: what would be a formula becomes a text.
  static func written(_ field: String) -> String {
    let isFormula = field.first.map { "=+-@\t\r".contains($0) } ?? false
    let text = isFormula ? "'" + field : field
    guard text.contains(where: { ",;\"\n\r\t".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
