import Kernel

/// What a batch says of latest values: applied when the batch is durable, before its acknowledgements go.
struct LatestUpdates: Sendable {
  /// A value in its rule's scale; a text lies in `texts` at `value`.
  struct Update: Sendable {
    let device: DeviceNumber
    let property: UInt16
    let isText: Bool
    let value: Int64
    var deviceTime: Instant
    let receivedAt: Instant
  }

  /// The models whose properties the updates number, by device in order of the updates: one an update.
  var updates: [Update] = []
  var texts: [String] = []

  /// Where to return to when a message turns out to be unreadable half way.
  var mark: (updates: Int, texts: Int) { (updates.count, texts.count) }

  mutating func rollBack(to mark: (updates: Int, texts: Int)) {
    updates.removeLast(updates.count - mark.updates)
    texts.removeLast(texts.count - mark.texts)
  }
}
