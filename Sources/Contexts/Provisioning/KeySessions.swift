package import KeyLadder
package import Kernel
import Synchronization

/// The session that a device has with this server.
package struct KeySession: Sendable, Hashable {
  package let epoch: KeyEpoch
  package let way: AgreementWay
  package let since: Instant

  package init(epoch: KeyEpoch, way: AgreementWay, since: Instant) {
    self.epoch = epoch
    self.way = way
    self.since = since
  }
}

/// Sessions are in the memory of whoever devices are connected to; pages ask it here.
package final class KeySessions: Sendable {
  private let ask = Mutex<(@Sendable (_ device: String) -> KeySession?)?>(nil)

  /// - Parameter ask: the session of a device, by its name; from any thread.
  package func attach(_ ask: @escaping @Sendable (_ device: String) -> KeySession?) {
    self.ask.withLock { $0 = ask }
  }

  /// nil also while nobody is attached.
  package func of(_ device: String) -> KeySession? {
    let ask = self.ask.withLock { $0 }
    return ask?(device)
  }
}
