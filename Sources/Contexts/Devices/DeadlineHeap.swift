import Kernel

/// Devices by the moment they must be looked at: a binary heap. A device may stand in it more than once; whoever takes
/// it out checks whether its time has really come.
struct DeadlineHeap: Sendable {
  private struct Item: Sendable {
    let at: Instant
    let device: DeviceNumber
  }

  private var items: [Item] = []

  var count: Int { items.count }
  /// The earliest moment.
  var first: Instant? { items.first?.at }

  mutating func push(_ device: DeviceNumber, at: Instant) {
    items.append(Item(at: at, device: device))
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard items[child].at < items[parent].at else { return }
      items.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out the earliest when its moment is not after `now`.
  mutating func pop(until now: Instant) -> DeviceNumber? {
    guard let top = items.first, top.at <= now else { return nil }
    let last = items.removeLast()
    if !items.isEmpty {
      items[0] = last
      sink()
    }
    return top.device
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child].at < items[least].at {
        least = child
      }
      if least == parent { return }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
