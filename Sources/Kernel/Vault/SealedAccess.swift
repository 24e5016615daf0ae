package import Kernel

/// Who wants to see a sealed value, by what right and why.
package struct SealedAccess: Sendable {
  package let principal: Principal
  /// Must be held somewhere; where, the context has checked.
  package let permission: Permission
  /// In the words of whoever asks; goes into the audit log.
  package let reason: String

  package init(_ principal: Principal, permission: Permission = .privacyOpen, reason: String) {
    self.principal = principal
    self.permission = permission
    self.reason = reason
  }
}

extension SealedAccess {
  /// The platform itself, which opens what a use case needs and nobody is shown.
  package static func platform(_ organisation: ID<Organisation>, for reason: PlatformReason) -> SealedAccess {
    SealedAccess(
      Principal(
        id: organisation.tagged(), kind: .platform, organisation: organisation, name: "Anju",
        permissions: [.privacyOpen]),
      reason: reason.rawValue)
  }

  /// To a value of one's own: no permission is needed for it, and the audit log names the person as who opened.
  package static func own(_ principal: Principal) -> SealedAccess {
    SealedAccess(
      Principal(
        id: principal.id, kind: principal.kind, organisation: principal.organisation, name: principal.name,
        permissions: [.privacyOpen], assurance: principal.assurance, origin: principal.origin),
      reason: PlatformReason.own.rawValue)
  }
}
