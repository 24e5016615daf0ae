package import Kernel
import Synchronization

/// Whether each device is there, in memory: fed by the gateway once a tick, judged by each model's contract.
///
/// One deadline a device waits in a heap, not a timer; hearing of a device only notes the moment.
package final class LivenessBoard: Sendable {
  struct Slot: Sendable {
    var liveness = Liveness()
    /// What the table says.
    var stored = Liveness()
    /// The deadline that stands in the heap.
    var due: Instant?
    var isListed = false
  }

  /// A change for the table and, when the state changed, for the journal.
  struct Change: Sendable {
    let device: DeviceNumber
    let from: LivenessState
    let liveness: Liveness
  }

  struct State: Sendable {
    var slots: [Slot?] = []
    var heap = DeadlineHeap()
    /// Those whose slot is not as the table says.
    var dirty: [DeviceNumber] = []
  }

  /// A later message alone is stored when it is this much later than the one stored: the table is not written for
  /// every message.
  static let messageStep: Duration = .seconds(60)

  private let state = Mutex(State())
  let directory: DeviceDirectory

  package init(directory: DeviceDirectory) {
    self.directory = directory
  }

  /// Messages came from these devices; one call a tick.
  package func heard(_ devices: some Sequence<DeviceNumber>, at now: Instant) {
    state.withLock { state in
      for device in devices {
        state.change(device, contract(device), at: now) { slot in
          if slot.liveness.lastMessageAt.map({ $0 < now }) ?? true { slot.liveness.lastMessageAt = now }
          let later = now.microseconds(since: slot.stored.lastMessageAt ?? Instant(microseconds: 0))
          return (slot.liveness.state != .online, later >= 60_000_000)
        }
      }
    }
  }

  /// These devices are connected now: one that connected itself, and those that it brings.
  package func connected(_ devices: some Sequence<DeviceNumber>, at now: Instant) {
    link(devices, isConnected: true, at: now)
  }

  /// These devices are not connected any more.
  package func disconnected(_ devices: some Sequence<DeviceNumber>, at now: Instant) {
    link(devices, isConnected: false, at: now)
  }

  private func link(_ devices: some Sequence<DeviceNumber>, isConnected: Bool, at now: Instant) {
    state.withLock { state in
      for device in devices {
        state.change(device, contract(device), at: now) { slot in
          guard slot.liveness.isConnected != isConnected || isConnected else { return (false, false) }
          slot.liveness.isConnected = isConnected
          slot.liveness.connectionChangedAt = now
          return (true, true)
        }
      }
    }
  }

  private func contract(_ device: DeviceNumber) -> LivenessContract? { directory[device]?.model.model.liveness }

  /// What is known of a device; nil when nothing is.
  func view(_ device: DeviceNumber) -> LivenessView? {
    state.withLock { $0.slot(device)?.liveness.view }
  }

  /// Judges the devices whose deadlines have come.
  func turn(at now: Instant) {
    state.withLock { state in
      while let device = state.heap.pop(until: now) {
        state.change(device, contract(device), at: now) { slot in
          // Only the deadline that was noted last counts; others are left over from before.
          guard let due = slot.due, due <= now else { return (false, false) }
          slot.due = nil
          return (true, false)
        }
      }
    }
  }

  /// Takes over what the table says, at the start: what was connected then is not any more.
  func load(_ rows: [(DeviceNumber, Liveness)], at now: Instant) {
    state.withLock { state in
      for (device, stored) in rows {
        state.change(device, contract(device), at: now) { slot in
          slot.liveness = stored
          slot.stored = stored
          guard stored.isConnected else { return (true, false) }
          slot.liveness.isConnected = false
          slot.liveness.connectionChangedAt = now
          return (true, true)
        }
      }
    }
  }

  /// At most `limit` changes that the table does not know yet; they count as stored until `putBack`.
  func take(_ limit: Int) -> [Change] {
    state.withLock { state in
      let devices = state.dirty.prefix(limit)
      let changes = devices.compactMap { device -> Change? in
        guard var slot = state.slot(device) else { return nil }
        let change = Change(device: device, from: slot.stored.state, liveness: slot.liveness)
        slot.stored = slot.liveness
        slot.isListed = false
        state.slots[Int(device.value)] = slot
        return change
      }
      state.dirty.removeFirst(devices.count)
      return changes
    }
  }

  /// What could not be written is taken again later.
  func putBack(_ changes: [Change]) {
    state.withLock { state in
      for change in changes {
        guard var slot = state.slot(change.device) else { continue }
        slot.stored.state = change.from
        if !slot.isListed { state.dirty.append(change.device) }
        slot.isListed = true
        state.slots[Int(change.device.value)] = slot
      }
    }
  }
}

extension LivenessBoard.State {
  func slot(_ device: DeviceNumber) -> LivenessBoard.Slot? {
    Int(device.value) < slots.count ? slots[Int(device.value)] : nil
  }

  /// Changes a slot, judges it anew when the change asks for it, and lists it for the table.
  ///
  /// - Parameter body: says whether to judge, and whether the table must know even if the state stays.
  mutating func change(
    _ device: DeviceNumber, _ contract: @autoclosure () -> LivenessContract?, at now: Instant,
    _ body: (inout LivenessBoard.Slot) -> (judge: Bool, store: Bool)
  ) {
    let index = Int(device.value)
    while slots.count <= index { slots.append(nil) }
    var slot = slots[index] ?? LivenessBoard.Slot()
    let (judge, mustStore) = body(&slot)
    var store = mustStore
    if judge, let contract = contract() {
      let (state, due) = slot.liveness.judged(by: contract, at: now)
      store = slot.liveness.move(to: state, at: now) || store
      if let due, slot.due.map({ $0 > due || $0 <= now }) ?? true {
        heap.push(device, at: due)
        slot.due = due
      }
    }
    if store, !slot.isListed {
      dirty.append(device)
      slot.isListed = true
    }
    slots[index] = slot
  }
}
