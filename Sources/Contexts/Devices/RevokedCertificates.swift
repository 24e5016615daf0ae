import Synchronization

/// The serials of revoked certificates, in memory: asked at every handshake.
package final class RevokedCertificates: Sendable {
  private let serials = Mutex<Set<String>>([])

  package init() {}

  /// - Parameter serial: hexadecimal, lower case.
  package func contains(_ serial: String) -> Bool { serials.withLock { $0.contains(serial) } }

  func insert(_ more: [String]) { serials.withLock { $0.formUnion(more) } }
}
