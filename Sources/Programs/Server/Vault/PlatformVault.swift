import Audit
import Foundation
import Guomi
import Kernel
import KeyService
import Synchronization
import Vault

/// The platform's door to secrets: the key service's socket, and the audit log for every opening.
struct PlatformVault: Sendable {
  let vault: Vault
  /// For signatures and devices' keys.
  let keys: any KeySource
  /// nil when somebody else starts the key service.
  let process: VaultProcess?

  init(configuration: ServerConfiguration, work: Work, process: VaultProcess?) {
    let keys = PlatformKeys(folder: configuration.vaultFolder)
    self.keys = keys
    self.process = process
    vault = Vault(source: keys, random: .operatingSystem, time: work.time) { opening in
      try await work.run(AuditError.self) { unit in try unit.audit(AuditEvent(opening)) }
    }
  }
}

/// The link to the key service, made at the first call: its token is there only when it has been founded.
final class PlatformKeys: KeySource {
  private let folder: URL
  private let link = Mutex<VaultLink?>(nil)

  init(folder: URL) {
    self.folder = folder
  }

  func call(_ frame: VaultFrame) async throws(VaultError) -> VaultFrame {
    try await connected().call(frame)
  }

  private func connected() throws(VaultError) -> VaultLink {
    if let link = link.withLock({ $0 }) { return link }
    let token: SecretBytes
    do { token = try SecretText.read(VaultFolder.platformToken(in: folder), count: 32) } catch {
      throw .unreachable("\(error)")
    }
    let made = VaultLink(.init(path: VaultFolder.socket(in: folder).path, role: .platform, token: token))
    return link.withLock { link in
      if link == nil { link = made }
      return link ?? made
    }
  }
}
