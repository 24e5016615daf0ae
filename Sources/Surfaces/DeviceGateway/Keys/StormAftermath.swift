import Devices
import Kernel

/// Which sessions a storm left in way (a) whose devices had offered way (b), and when each may be replaced: once the
/// storm is over, so many a second, oldest first.
///
/// A pure state machine; whoever asks `due` does it about once a second.
struct StormAftermath: Sendable {
  /// Devices invited at one asking: way (b) costs the key service a signature each. 10,000 take under four minutes.
  static let devicesAtOnce = 50
  /// How long it must have been calm.
  static let calmMilliseconds: Int64 = 10_000
  /// Calm: fewer messages of agreements wait.
  static let calmCount = 64
  /// Devices that may wait; more stay as they are until their connection or their epoch ends.
  static let devicesMax = 65_536

  /// Oldest first; who waits no more is passed over.
  private var order: [DeviceNumber] = []
  private var waiting: Set<DeviceNumber> = []
  private var lastBusy: Instant?

  /// Devices that wait.
  var count: Int { waiting.count }

  /// Places that are kept, for those who wait and some who did.
  var placesCount: Int { order.count }

  /// A session was agreed in way (a) because of a storm.
  mutating func add(_ device: DeviceNumber, at now: Instant) {
    lastBusy = now
    guard waiting.count < Self.devicesMax, waiting.insert(device).inserted else { return }
    order.append(device)
  }

  /// The device has another session now, or none.
  mutating func remove(_ device: DeviceNumber) {
    guard waiting.remove(device) != nil, order.count > 2 * waiting.count + Self.devicesAtOnce else { return }
    order.removeAll { !waiting.contains($0) }
  }

  /// The devices whose turn it is; they wait no more.
  ///
  /// - Parameter messagesCount: messages of agreements that wait now.
  mutating func due(messagesCount: Int, at now: Instant) -> [DeviceNumber] {
    guard messagesCount < Self.calmCount else {
      lastBusy = now
      return []
    }
    // A clock that was set back counts as calm: nobody waits for ever.
    if let lastBusy, now >= lastBusy, now.milliseconds - lastBusy.milliseconds < Self.calmMilliseconds { return [] }
    var (due, seen): ([DeviceNumber], Int) = ([], 0)
    for device in order where due.count < Self.devicesAtOnce {
      seen += 1
      if waiting.remove(device) != nil { due.append(device) }
    }
    order.removeFirst(seen)
    return due
  }
}
