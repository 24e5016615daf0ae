package import Guomi
package import WireFormats

/// What the key service can be asked, by its name on the wire.
package enum VaultOperation: String, Sendable, CaseIterable {
  // Anybody who connects.
  case hello
  case status
  // The platform.
  case lease = "key.lease"
  case fetch = "key.fetch"
  case index = "key.index"
  case sign = "sign"
  case publicKey = "sign.public"
  case deviceKey = "device.key"
  case communicationKey = "device.communication"
  case deviceFile = "device.file"
  // Custodians.
  case approve
  case auditExport = "audit.export"
  case auditVerify = "audit.verify"
  case backup
  case backupKey = "backup.key"
  case cancelDestruction = "key.cancelDestruction"
  case disable = "key.disable"
  case drill
  case enrol = "custodian.enrol"
  case execute
  case keys
  case proposals
  case propose
  case restoreShare = "restore.share"
  case rotate = "key.rotate"
  case seal
  case unseal

  /// Who may ask.
  package var role: VaultRole {
    switch self {
    case .hello, .status: .anybody
    case .lease, .fetch, .index, .sign, .publicKey, .deviceKey, .communicationKey, .deviceFile: .platform
    case .approve, .auditExport, .auditVerify, .backup, .backupKey, .cancelDestruction, .disable, .drill, .enrol,
      .execute, .keys, .proposals, .propose, .restoreShare, .rotate, .seal, .unseal:
      .custodian
    }
  }
}

/// Who calls, by the token it showed. One excludes the other: the platform cannot rotate, a custodian gets no key.
///
/// - Source: clause 9.2.2 c.
package enum VaultRole: String, Sendable {
  case anybody
  case platform
  case custodian
}

extension VaultFrame {
  /// A call.
  package static func call(
    _ operation: VaultOperation, _ arguments: [(String, WireValue)] = [], secret: SecretBytes? = nil
  ) -> VaultFrame {
    VaultFrame([("op", .text(operation.rawValue))] + arguments, secret: secret)
  }

  /// An answer that says no.
  package static func refusal(_ error: VaultError) -> VaultFrame {
    var members: [(String, WireValue)] = [("error", .text(error.code)), ("detail", .text(error.reason))]
    if case .keyUnusable(let state) = error { members.append(("state", .text(state))) }
    return VaultFrame(members)
  }

  /// The answer, unless it says no.
  package func answer() throws(VaultError) -> VaultFrame {
    guard let code = body["error"]?.string else { return self }
    throw VaultError(code: code, detail: body["detail"]?.string ?? "", state: body["state"]?.string ?? "")
  }
}

extension VaultError {
  /// As the key service said it.
  init(code: String, detail: String, state: String) {
    self = switch code {
    case "vault.sealed": .sealed
    case "vault.tokenGone": .tokenGone
    case "vault.busy": .busy
    case "vault.storeFull": .storeFull
    case "vault.notAuthentic": .notAuthentic
    case "vault.malformed": .malformed
    case "vault.keyUnknown": .keyUnknown
    case "vault.keyUnusable": .keyUnusable(state: state)
    default: .refused(code: code, detail: detail)
    }
  }
}
