import HTTPTypes
import Hummingbird
import NIOCore

/// A table as CSV, in UTF-8 with a mark that lets Excel read Chinese.
struct CSVText {
  /// A table has at most this many pages of 200 rows.
  static let pagesMax = 250

  private(set) var text: String

  init(_ head: [String]) {
    text = "\u{feff}"
    add(head)
  }

  mutating func add(_ cells: [String]) {
    text += cells.map(Self.cell).joined(separator: ",") + "\r\n"
  }

  /// Quoted where needed; what a spreadsheet would run as a formula is made text.
  ///
  /// - Source: RFC 4180; OWASP, CSV injection.
  static func cell(_ value: String) -> String {
    var value = value
    if let first = value.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first), Double(value) == nil {
      value = "'" + value
    }
    let needsQuotes = value.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
    return needsQuotes ? "\"\(value.replacing("\"", with: "\"\""))\"" : value
  }

  func response(name: String) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"\(name).csv\"",
        .cacheControl: "no-store",
      ],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
