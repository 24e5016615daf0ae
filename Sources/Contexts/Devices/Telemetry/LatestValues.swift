import Kernel
import Synchronization

/// The last value of every property of every device, in memory. Durable values only: a batch is applied after its
/// commit.
package final class LatestValues: Sendable {
  /// One property's last value.
  struct Slot: Sendable {
    var isSet = false
    var isText = false
    var value: Int64 = 0
    var deviceTime = Instant(microseconds: 0)
    var receivedAt = Instant(microseconds: 0)
  }

  /// One device's properties, by their place in a model.
  struct Device: Sendable {
    var model: CompiledModel
    var slots: [Slot]
    var texts: [UInt16: String] = [:]

    init(_ model: CompiledModel) {
      self.model = model
      slots = Array(repeating: Slot(), count: model.model.properties.count)
    }
  }

  private static let shardCount = 16
  private let shards: [Shard] = (0..<shardCount).map { _ in Shard() }

  private final class Shard: Sendable {
    let devices = Mutex<[Device?]>([])
  }

  package init() {}

  private func shard(_ device: DeviceNumber) -> (Shard, Int) {
    let number = Int(device.value)
    return (shards[number % Self.shardCount], number / Self.shardCount)
  }

  /// Takes what a batch says. A value older than the one there changes nothing.
  func apply(_ batch: LatestUpdates, _ directory: DeviceDirectory.Snapshot) {
    var index = 0
    let updates = batch.updates
    while index < updates.count {
      let device = updates[index].device
      var end = index + 1
      while end < updates.count, updates[end].device == device { end += 1 }
      if let model = directory[device]?.model { apply(updates[index..<end], batch.texts, device, model) }
      index = end
    }
  }

  private func apply(
    _ updates: ArraySlice<LatestUpdates.Update>, _ texts: [String], _ number: DeviceNumber, _ model: CompiledModel
  ) {
    let (shard, place) = shard(number)
    shard.devices.withLock { devices in
      while devices.count <= place { devices.append(nil) }
      if devices[place] == nil { devices[place] = Device(model) }
      if let old = devices[place], old.model !== model { devices[place] = old.moved(to: model) }
      for update in updates {
        devices[place]?.apply(update, text: update.isText ? texts[Int(update.value)] : nil)
      }
    }
  }

  /// A device's values, as long as its model is this one; nil when nothing is known.
  func device(_ number: DeviceNumber) -> Device? {
    let (shard, place) = shard(number)
    return shard.devices.withLock { place < $0.count ? $0[place] : nil }
  }

  /// Puts in what was stored, at the start.
  func put(_ number: DeviceNumber, _ device: Device) {
    let (shard, place) = shard(number)
    shard.devices.withLock { devices in
      while devices.count <= place { devices.append(nil) }
      devices[place] = device
    }
  }

  /// The values of a device for reading, in the order of its model.
  package func values(_ entry: DeviceDirectory.Entry) -> [LatestValue] {
    guard var device = device(entry.number) else { return [] }
    if device.model !== entry.model { device = device.moved(to: entry.model) }
    var values: [LatestValue] = []
    for (index, slot) in device.slots.enumerated() where slot.isSet {
      let place = UInt16(index)
      guard let rule = entry.model.rule(at: place), let property = entry.model.property(at: place) else { continue }
      let value = slot.isText ? device.texts[place].map { .text($0) } : entry.model.value(slot.value, of: rule)
      guard let value else { continue }
      values.append(
        LatestValue(
          property: property.key, value: value, deviceTime: slot.deviceTime, receivedAt: slot.receivedAt))
    }
    return values
  }
}

extension LatestValues.Device {
  mutating func apply(_ update: LatestUpdates.Update, text: String?) {
    let place = Int(update.property)
    guard place < slots.count else { return }
    guard !slots[place].isSet || update.deviceTime >= slots[place].deviceTime else { return }
    slots[place] = LatestValues.Slot(
      isSet: true, isText: update.isText, value: update.isText ? 0 : update.value, deviceTime: update.deviceTime,
      receivedAt: update.receivedAt)
    if let text { texts[update.property] = text }
  }

  /// The same values where another version of the model has them; one whose type changed is left out.
  func moved(to other: CompiledModel) -> Self {
    var moved = Self(other)
    for (index, slot) in slots.enumerated() where slot.isSet {
      guard let property = model.property(at: UInt16(index)), let old = model.rule(at: UInt16(index)),
        let rule = other.property(named: property.key), rule.kind == old.kind,
        other.property(at: rule.index)?.type == property.type
      else { continue }
      moved.slots[Int(rule.index)] = slot
      if slot.isText { moved.texts[rule.index] = texts[UInt16(index)] }
    }
    return moved
  }
}
