package import Foundation
import Synchronization
package import Vault

/// Several links to the key service: it answers what comes over them at one time in one commit, so that a storm of
/// devices does not wait for a commit a device.
package final class KeyLinks: KeySource {
  static let count = 8

  private let links: [PlatformKeys]
  private let next = Atomic(0)

  /// - Parameter folder: the key service's own.
  package init(folder: URL) { links = (0..<Self.count).map { _ in PlatformKeys(folder: folder) } }

  package func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return try await links[Int(truncatingIfNeeded: turn) & (Self.count - 1)].call(frame)
  }
}
