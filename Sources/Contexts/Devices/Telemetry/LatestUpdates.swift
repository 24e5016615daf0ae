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

  var updates: [Update] = []
  var texts: [String] = []

  /// Gives all away and is empty.
  mutating func take() -> LatestUpdates {
    var taken = LatestUpdates()
    swap(&taken, &self)
    return taken
  }

  /// Where to return to when a message turns out to be unreadable half way.
  var mark: (updates: Int, texts: Int) { (updates.count, texts.count) }

  mutating func rollBack(to mark: (updates: Int, texts: Int)) {
    updates.removeLast(updates.count - mark.updates)
    texts.removeLast(texts.count - mark.texts)
  }
}

/// Gathers a message's latest values. A reading whose time cannot be right is shown with the time of its receipt.
struct LatestSink: EnvelopeSink {
  static var keepsRejections: Bool { false }
  var updates: LatestUpdates
  private let device: DeviceNumber
  private let receivedAt: Instant
  private var start: Int

  init(_ updates: consuming LatestUpdates, device: DeviceNumber, receivedAt: Instant) {
    start = updates.updates.count
    self.updates = updates
    self.device = device
    self.receivedAt = receivedAt
  }

  mutating func value(_ rule: PropertyRule, _ value: Int64) {
    updates.updates.append(
      LatestUpdates.Update(
        device: device, property: rule.index, isText: false, value: value, deviceTime: receivedAt,
        receivedAt: receivedAt))
  }

  mutating func text(_ rule: PropertyRule, _ text: String) {
    updates.updates.append(
      LatestUpdates.Update(
        device: device, property: rule.index, isText: true, value: Int64(updates.texts.count),
        deviceTime: receivedAt, receivedAt: receivedAt))
    updates.texts.append(text)
  }

  mutating func reject(_ reason: RejectionReason, property: String, given: String) {}

  mutating func measured(at time: Int64?) {
    if let time {
      let instant = Instant(milliseconds: time)
      if ClockWindow.admits(instant, receivedAt: receivedAt) {
        for index in start..<updates.updates.count { updates.updates[index].deviceTime = instant }
      }
    }
    start = updates.updates.count
  }
}
