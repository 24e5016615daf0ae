/// What a test bench does to a device's messages on their way: says them twice, or in the wrong order. The platform
/// must count each once and find them all. Real devices leave it alone.
package struct LinkTrouble: Hashable, Sendable {
  /// So many of the next messages are sent twice.
  package var repeatCount = 0
  /// So many of the next messages are collected and sent in reverse; at most 16, since they count against the window.
  package var reorderCount = 0
  private var collected: [Sent] = []

  package init() {}

  /// What is sent instead of one message.
  mutating func pass(_ sent: Sent) -> [Sent] {
    if reorderCount > 1 || (reorderCount == 1 && !collected.isEmpty) {
      collected.append(sent)
      reorderCount -= 1
      guard reorderCount == 0 else { return [] }
      defer { collected = [] }
      return collected.reversed()
    }
    guard repeatCount > 0 else { return [sent] }
    repeatCount -= 1
    return [sent, sent]
  }

  /// The connection is gone: what was collected waits in its outbox.
  mutating func connectionLost() { collected = [] }
}
