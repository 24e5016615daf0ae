/// What may be shown of a personal value to whoever may not open it. To be made when the value is at hand, and kept in
/// a column of its own.
package enum Mask {
  /// 138****5678; nothing but asterisks for what is shorter than eight characters.
  package static func phone(_ text: String) -> String { masked(text, first: 3, last: 4) }

  /// 110***********1234: the region of a document number stays, day of birth and serial number go.
  package static func documentNumber(_ text: String) -> String { masked(text, first: 3, last: 4) }

  /// 张**: the first letter of a name.
  package static func name(_ text: String) -> String {
    guard let first = text.first else { return "" }
    return String(first) + String(repeating: "*", count: min(3, max(1, text.count - 1)))
  }

  private static func masked(_ text: String, first: Int, last: Int) -> String {
    let count = text.count
    guard count > first + last else { return String(repeating: "*", count: min(count, 8)) }
    return String(text.prefix(first)) + String(repeating: "*", count: min(16, count - first - last))
      + String(text.suffix(last))
  }
}
