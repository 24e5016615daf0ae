import Devices
import Kernel
import MQTT
import Synchronization

/// The devices that are connected to this process.
final class SessionRegistry: Sendable {
  private struct Item {
    let connection: DeviceConnection
    /// It has subscribed to what goes down to it.
    var listensSince: Instant?
  }

  private let items = Mutex<[DeviceNumber: Item]>([:])

  var count: Int { items.withLock { $0.count } }

  func add(_ connection: DeviceConnection) {
    items.withLock { $0[connection.number] = Item(connection: connection) }
  }

  /// - Returns: whether it was this connection that stood for the device: not after it was taken over.
  func remove(_ connection: DeviceConnection) -> Bool {
    items.withLock { items in
      guard items[connection.number]?.connection === connection else { return false }
      items[connection.number] = nil
      return true
    }
  }

  /// The device can be sent messages from now on.
  ///
  /// - Returns: whether it could not before.
  func listens(_ connection: DeviceConnection, at now: Instant) -> Bool {
    items.withLock { items in
      guard items[connection.number]?.connection === connection, items[connection.number]?.listensSince == nil else {
        return false
      }
      items[connection.number]?.listensSince = now
      return true
    }
  }

  func connection(_ device: DeviceNumber) -> DeviceConnection? { items.withLock { $0[device]?.connection } }

  func listensSince(_ device: DeviceNumber) -> Instant? { items.withLock { $0[device]?.listensSince } }

  /// All that can be sent messages.
  func listening() -> [DeviceNumber] {
    items.withLock { $0.filter { $0.value.listensSince != nil }.map(\.key) }
  }

  /// Those whose certificates have ended.
  func expired(at now: Instant) -> [DeviceConnection] {
    items.withLock { items in
      items.values.compactMap { item in
        guard let ends = item.connection.certificateEnds, ends < now else { return nil }
        return item.connection
      }
    }
  }
}
