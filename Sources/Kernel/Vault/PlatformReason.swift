/// Why a sealed value is opened without a reason that a person wrote, as the audit log has it; pages have a word for
/// each.
package enum PlatformReason: String, CaseIterable, Sendable {
  /// Its owner looks at it.
  case own
  /// A code for a lost password is sent there.
  case lostPassword
  /// A contact that is offered is confirmed by the code that came there.
  case newContact
  /// A code of the second factor is checked.
  case secondFactor
  /// A copy is made for the person whose it is.
  case personCopy
  /// A request of the person is worked on.
  case personRequest
}
