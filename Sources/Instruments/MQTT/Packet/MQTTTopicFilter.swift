/// The rules of topic filters (4.7) and shared subscriptions (4.8.2).
public enum MQTTTopicFilter {
  /// Whether a filter is well formed: at least one byte, `+` alone in its level, `#` alone in the last level, and
  /// `$share/NAME/FILTER` complete. UTF-8 is checked by the reader.
  public static func isValid(_ filter: UnsafeRawBufferPointer) -> Bool {
    guard !filter.isEmpty else { return false }
    if hasSharePrefix(filter) {
      guard let split = shareSplit(filter) else { return false }
      return isPlainValid(UnsafeRawBufferPointer(rebasing: filter[split...]))
    }
    return isPlainValid(filter)
  }

  /// Whether a filter begins with `$share/`.
  public static func isShared(_ filter: UnsafeRawBufferPointer) -> Bool { hasSharePrefix(filter) }

  /// Whether a filter matches a topic name, by 4.7: what tests and delegates ask; the server itself uses its trie.
  public static func matches(filter: MQTTString, topic: MQTTString) -> Bool {
    let filterLevels = filter.utf8.split(separator: slash, omittingEmptySubsequences: false)
    let topicLevels = topic.utf8.split(separator: slash, omittingEmptySubsequences: false)
    if topic.utf8.first == dollar, filter.utf8.first == plus || filter.utf8.first == hash { return false }
    for (index, level) in filterLevels.enumerated() {
      if level.elementsEqual([hash]) { return true }
      guard index < topicLevels.count else { return false }
      if !level.elementsEqual([plus]), !level.elementsEqual(topicLevels[index]) { return false }
    }
    return filterLevels.count == topicLevels.count
  }

  static let slash = UInt8(ascii: "/")
  static let plus = UInt8(ascii: "+")
  static let hash = UInt8(ascii: "#")
  static let dollar = UInt8(ascii: "$")

  private static func hasSharePrefix(_ filter: UnsafeRawBufferPointer) -> Bool {
    filter.starts(with: "$share/".utf8) || filter.elementsEqual("$share".utf8)
  }

  /// Where the filter behind `$share/NAME/` begins; nil when name or filter is missing or the name has a wildcard.
  static func shareSplit(_ filter: UnsafeRawBufferPointer) -> Int? {
    guard filter.count > 7, let end = filter[7...].firstIndex(of: slash), end > 7, end + 1 < filter.count,
      !filter[7..<end].contains(where: { $0 == plus || $0 == hash })
    else { return nil }
    return end + 1
  }

  private static func isPlainValid(_ filter: UnsafeRawBufferPointer) -> Bool {
    for (index, byte) in filter.enumerated() where byte == plus || byte == hash {
      let startsLevel = index == 0 || filter[index - 1] == slash
      let isLast = index + 1 == filter.count
      guard startsLevel, isLast || (byte == plus && filter[index + 1] == slash) else { return false }
    }
    return true
  }
}
