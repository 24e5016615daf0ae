import Foundation
import KeyService
import Vault
import WireFormats

extension Doctor {
  /// The key service: its token's module, its folder, and whether it answers.
  func vault() -> [Finding] {
    var findings: [Finding] = []
    findings.append(
      FileManager.default.fileExists(atPath: VaultFolder.softModulePath)
        ? .good("the key service's token, SoftHSM2, is installed")
        : .warning(
          "SoftHSM2 is not installed", remedy: "apt install softhsm2, or give anju-vault another module with --module"))
    let folder = configuration.vaultFolder
    guard FileManager.default.fileExists(atPath: folder.path) else {
      return findings + [.good("the key service's folder \(folder.path) will be made at the first start")]
    }
    let mode = (try? FileManager.default.attributesOfItem(atPath: folder.path))?[.posixPermissions] as? Int
    if let mode, mode & 0o077 != 0 {
      findings.append(.wrong("others may enter \(folder.path)", remedy: "chmod 700 \(folder.path)"))
    }
    if FileManager.default.fileExists(atPath: VaultFolder.sealKey(in: folder).path) {
      findings.append(
        .warning(
          "the key service's seal key lies in a file on this machine",
          remedy: "for a real estate make it with shares: anju-vault found --shares 5 --threshold 3"))
    }
    return findings + [state(folder)]
  }

  private func state(_ folder: URL) -> Finding {
    let path = VaultFolder.socket(in: folder).path
    guard FileManager.default.fileExists(atPath: path) else { return .good("the key service is not running") }
    do throws(VaultError) {
      let socket = try VaultSocket(path: path)
      let answer = try VaultLink.exchange(.call(.status), on: socket, milliseconds: 2_000)
      return answer.body["state"]?.string == "open"
        ? .good("the key service is open") : .warning("the key service is sealed", remedy: "anju vault unseal")
    } catch {
      return .wrong("the key service does not answer: \(error.reason)", remedy: error.remedy)
    }
  }

  /// Whether the audit log's checkpoints go anywhere that whoever owns this machine cannot change too.
  func auditCopies() -> Finding {
    guard configuration.auditCopies == nil, configuration.auditCommand == nil else {
      return .good("the audit log's checkpoints are copied elsewhere")
    }
    return .warning(
      "the audit log's checkpoints are kept on this machine only: whoever owns it can cut off the log's end",
      remedy: "--audit-copies FOLDER on another disk or machine, or --audit-command (docs/audit.md)")
  }
}
