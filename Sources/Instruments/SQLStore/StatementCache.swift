/// Prepared statements by their text, the longest unused thrown away first.
///
/// A statement is taken out while it runs, so that the same text may run inside its own rows.
struct StatementCache<Statement> {
  private let countMax: Int
  private var entries: [String: (statement: Statement, used: UInt64)] = [:]
  private var clock: UInt64 = 0

  init(countMax: Int) {
    self.countMax = countMax
  }

  var count: Int { entries.count }

  mutating func take(_ text: String) -> Statement? {
    entries.removeValue(forKey: text)?.statement
  }

  /// Puts a statement back.
  ///
  /// - Returns: what there is no room for any more; the caller ends it.
  mutating func put(_ text: String, _ statement: Statement) -> Statement? {
    clock += 1
    let replaced = entries.updateValue((statement, clock), forKey: text)?.statement
    guard entries.count > countMax else { return replaced }
    let oldest = entries.min { $0.value.used < $1.value.used }
    return oldest.flatMap { entries.removeValue(forKey: $0.key)?.statement }
  }

  mutating func removeAll() -> [Statement] {
    defer { entries = [:] }
    return entries.values.map(\.statement)
  }
}
