import Kernel

/// Entries as CSV, in UTF-8 with a mark that lets a spreadsheet read Chinese.
package struct AuditTable: Sendable {
  package private(set) var text = "\u{feff}"

  package init() {
    row([
      "number", "at", "outcome", "verb", "kind", "resource", "principal", "principal kind", "name", "address", "agent",
      "reason", "details", "leaf",
    ])
  }

  /// Adds an entry. What was erased is `(erased)`.
  package mutating func add(_ entry: AuditEntry) {
    let body = entry.body
    let details =
      body.details.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      + entry.personalDetails.map { "\($0.name): \(Self.text($0.field))" }
    row([
      String(entry.number), body.at, body.outcome.rawValue, body.verb.rawValue, body.kind, body.resource,
      body.principal.description, body.principalKind.rawValue, Self.text(entry.field("who.name")),
      Self.text(entry.field("from.address")), Self.text(entry.field("from.agent")), Self.text(entry.field("why")),
      details.joined(separator: "; "), entry.leaf.map(String.init) ?? "",
    ])
  }

  private static func text(_ field: AuditEntry.Field) -> String {
    switch field {
    case .known(let value): value
    case .erased: "(erased)"
    case .none: ""
    }
  }

  private mutating func row(_ cells: [String]) {
    text += cells.map(Self.cell).joined(separator: ",") + "\r\n"
  }

  /// Quoted where needed; what a spreadsheet would run as a formula is made text.
  ///
  /// - Source: RFC 4180; OWASP, CSV injection.
  static func cell(_ value: String) -> String {
    var value = value
    if let first = value.unicodeScalars.first, "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first) {
      value = "'" + value
    }
    let needsQuotes = value.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
    return needsQuotes ? "\"\(value.replacing("\"", with: "\"\""))\"" : value
  }
}
