package import Kernel
import Synchronization

/// Every device in memory, by number, name and id: what the intake path asks instead of the store.
///
/// Reading copies a reference under a short lock; `snapshot()` gives a whole directory that can be read without one.
/// The registry keeps it equal to its table: at once in the process that changes it, by the journal in others.
package final class DeviceDirectory: Sendable {
  /// One device, as the intake path needs it.
  package final class Entry: Sendable {
    package let number: DeviceNumber
    package let id: ID<Device>
    package let name: DeviceName
    package let organisation: ID<Organisation>
    package let model: CompiledModel
    /// The device that brings it.
    package let gateway: DeviceNumber?
    package let decommissioned: Bool
    /// Of the registry's record: an older one never replaces a newer one.
    package let version: Int64

    package init(
      number: DeviceNumber, id: ID<Device>, name: DeviceName, organisation: ID<Organisation>, model: CompiledModel,
      gateway: DeviceNumber? = nil, decommissioned: Bool = false, version: Int64 = 0
    ) {
      self.number = number
      self.id = id
      self.name = name
      self.organisation = organisation
      self.model = model
      self.gateway = gateway
      self.decommissioned = decommissioned
      self.version = version
    }
  }

  /// The directory at one moment.
  package struct Snapshot: Sendable {
    fileprivate(set) var byNumber: [Entry?] = []
    fileprivate(set) var byName: [String: DeviceNumber] = [:]
    fileprivate(set) var byID: [ID<Device>: DeviceNumber] = [:]
    fileprivate(set) var subDevices: [DeviceNumber: Set<DeviceNumber>] = [:]

    package subscript(number: DeviceNumber) -> Entry? {
      let index = Int(number.value)
      return index < byNumber.count ? byNumber[index] : nil
    }

    package subscript(name: String) -> Entry? {
      guard let number = byName[name] else { return nil }
      return self[number]
    }

    package subscript(id: ID<Device>) -> Entry? {
      guard let number = byID[id] else { return nil }
      return self[number]
    }

    /// Those that a gateway brings.
    package func subDevices(of gateway: DeviceNumber) -> Set<DeviceNumber> { subDevices[gateway] ?? [] }

    /// All devices, by number.
    package var entries: some Sequence<Entry> { byNumber.lazy.compactMap { $0 } }

    fileprivate mutating func put(_ entry: Entry) {
      let index = Int(entry.number.value)
      while byNumber.count <= index { byNumber.append(nil) }
      if let old = byNumber[index], old.version > entry.version { return }
      if let old = byNumber[index], let gateway = old.gateway { subDevices[gateway]?.remove(old.number) }
      byNumber[index] = entry
      byName[entry.name.description] = entry.number
      byID[entry.id] = entry.number
      if let gateway = entry.gateway { subDevices[gateway, default: []].insert(entry.number) }
    }
  }

  private let state = Mutex(Snapshot())

  package init() {}

  package func snapshot() -> Snapshot { state.withLock { $0 } }

  package subscript(number: DeviceNumber) -> Entry? { state.withLock { $0[number] } }
  package subscript(name: String) -> Entry? { state.withLock { $0[name] } }
  package subscript(id: ID<Device>) -> Entry? { state.withLock { $0[id] } }

  package func subDevices(of gateway: DeviceNumber) -> Set<DeviceNumber> {
    state.withLock { $0.subDevices(of: gateway) }
  }

  /// How many devices there are, decommissioned ones too.
  package var count: Int { state.withLock { $0.byName.count } }

  /// Puts devices in, each in the place of the one with its number.
  package func put(_ entries: [Entry]) {
    state.withLock { snapshot in
      for entry in entries { snapshot.put(entry) }
    }
  }
}
