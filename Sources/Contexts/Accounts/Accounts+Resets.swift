package import Kernel
import Logging

/// A lost password is replaced with two proofs (clause 9.3 b). No answer tells whether an account exists, which proof
/// was wrong, or which it could have.
extension Accounts {
  /// Asks to replace the lost password of a name. Where the account has a contact and a messenger is attached, a code
  /// is sent there.
  ///
  /// - Returns: what `completeReset` needs, for a name nobody has too.
  /// - Throws: `.tooManyAttempts`, for the address or the name.
  package func askReset(name: String, from origin: Origin) async throws(AccountsError) -> String {
    let now = work.time.now()
    try limiter.check(origin.address, at: now)
    limiter.failed(origin.address, at: now)
    let token = Secrets.base64URL(random(Secrets.tokenBytes))
    let code = Secrets.digits(random, count: 6)
    guard let name = try? AccountRules.name(name) else { return token }
    try limiter.asked(name, at: now)
    let account = try await work.read(AccountsError.self) { try $0.account(name: name) }
    let contact = account == nil ? nil : try await contact(of: account)
    try await work.run(AccountsError.self) { [messenger, limits] unit in
      guard let account, account.isActive, !account.isInvited else { return }
      let isSent = messenger.isAttached && contact != nil
      let reset = PasswordReset(
        id: unit.newID(), organisation: account.organisation, account: account.id, kind: .reset,
        address: origin.address, askedAt: unit.now,
        expiresAt: unit.now.advanced(by: .seconds(limits.resetSeconds)), approvedBy: nil, approvedAt: nil,
        attempts: 0, codeHash: isSent ? Self.hash(code, token) : nil)
      try unit.sql.insert(reset, tokenHash: Secrets.hash(token))
      try unit.record(
        PasswordResetAsked(account: account.id, isInvitation: false), organisation: account.organisation)
    }
    if let account, account.isActive, !account.isInvited, let contact, messenger.isAttached {
      // Not told apart: who asked would learn that there is a contact.
      do { try await messenger.send(code: code, to: contact) } catch {
        work.logger.warning("a code could not be handed to the messenger", metadata: ["account.id": "\(account.id)"])
      }
    }
    return token
  }

  /// Chooses a new password with two proofs; with the token of an invitation the first one, without. All sessions end.
  ///
  /// - Throws: `.resetRefused` for a token that is unknown, over or tried too often, and for less than two proofs;
  ///   `.passwordWeak` only after the proofs.
  package func completeReset(
    token: String, _ proofs: ResetProofs, newPassword: String, from origin: Origin
  ) async throws(AccountsError) {
    try limiter.check(origin.address, at: work.time.now())
    let hash = Secrets.hash(token)
    let found = try await work.run(AccountsError.self) { unit -> (PasswordReset, Account)? in
      guard let reset = try unit.sql.reset(tokenHash: hash), reset.isOpen(at: unit.now),
        try unit.sql.countAttempt(of: reset)
      else { return nil }
      return (reset, try unit.sql.account(reset.account, of: reset.organisation))
    }
    guard let (reset, account) = found, account.isActive else { throw refused(origin) }
    var use: @Sendable (Unit) throws -> Void = { _ in }
    if reset.kind == .reset {
      var count = reset.approvedAt == nil ? 0 : 1
      if isRight(proofs.contactCode, of: reset, token) { count += 1 }
      if let code = proofs.factorCode, let spend = try await spending(code, of: account) {
        count += 1
        use = spend
      }
      guard count >= 2 else { throw refused(origin) }
    }
    let spend = use
    try await setPassword(newPassword, of: account, keeping: nil, by: account.id) { unit in
      try spend(unit)
      try unit.sql.deleteResets(of: account)
    }
  }

  /// The resets that wait, oldest first, at most 200; needs `accounts.read`.
  package func pendingResets(by principal: Principal) async throws(AccountsError) -> [PendingReset] {
    try principal.mayDo(.accountsRead)
    let now = work.time.now()
    return try await work.read(AccountsError.self) { sql in
      try sql.resets(of: principal.organisation, at: now, limit: 200).map { reset in
        let account = try sql.account(reset.account, of: reset.organisation)
        return PendingReset(reset: reset, name: account.name, displayName: account.displayName)
      }
    }
  }

  /// Vouches for whoever asked: they are known in person. Needs what changing the account needs; one of the two
  /// proofs.
  ///
  /// - Throws: `.resetUnknown`, `.ownAccount`.
  package func approveReset(_ id: ID<PasswordReset>, by principal: Principal) async throws(AccountsError) {
    try principal.mayManage(freshAt: work.time.now())
    try await work.run(AccountsError.self) { unit in
      let reset = try unit.sql.reset(id, of: principal.organisation)
      _ = try unit.account(reset.account, toBeManagedBy: principal)
      guard reset.kind == .reset, reset.isOpen(at: unit.now) else { throw AccountsError.resetUnknown }
      guard reset.account != principal.id else { throw AccountsError.ownAccount }
      try unit.sql.approve(reset, by: principal.id, at: unit.now)
      try unit.record(
        PasswordResetApproved(account: reset.account, by: principal.id), organisation: reset.organisation)
    }
  }

  /// Invites the owner of an account without a password to choose one; an earlier invitation is useless then. Needs
  /// what changing the account needs.
  ///
  /// - Returns: what `completeReset` needs; to be given to the owner and to nobody else, shown this once.
  /// - Throws: `.accountUnknown`, `.notInvited`.
  package func invite(_ id: ID<Principal>, by principal: Principal) async throws(AccountsError) -> String {
    let token = Secrets.base64URL(random(Secrets.tokenBytes))
    let seconds = limits.invitationSeconds
    try principal.mayManage(freshAt: work.time.now())
    try await work.run(AccountsError.self) { unit in
      let account = try unit.account(id, toBeManagedBy: principal)
      guard account.isInvited else { throw AccountsError.notInvited }
      let reset = PasswordReset(
        id: unit.newID(), organisation: account.organisation, account: id, kind: .invitation, address: "",
        askedAt: unit.now, expiresAt: unit.now.advanced(by: .seconds(seconds)), approvedBy: principal.id,
        approvedAt: unit.now, attempts: 0, codeHash: nil)
      try unit.sql.insert(reset, tokenHash: Secrets.hash(token))
      try unit.record(PasswordResetAsked(account: id, isInvitation: true), organisation: account.organisation)
    }
    return token
  }

  // MARK: The contact

  /// One's own contact for lost passwords, masked: `138****5270`; nil for none.
  package func contact(by principal: Principal) async throws(AccountsError) -> String? {
    try principal.mustBeComplete()
    guard let contact = try await contact(of: try await own(principal)) else { return nil }
    return ContactRules.masked(contact)
  }

  /// Sends a code to a contact that shall become one's own; needs the password.
  ///
  /// - Returns: what `confirmContact` needs beside the code.
  /// - Throws: `.messengerMissing`, `.fieldInvalid`, `.passwordWrong`.
  package func offerContact(
    _ text: String, password: String, by principal: Principal
  ) async throws(AccountsError) -> String {
    try principal.mustBeComplete()
    guard messenger.isAttached else { throw .messengerMissing }
    let contact = try ContactRules.check(text)
    let account = try await proven(password, of: principal)
    let code = Secrets.digits(random, count: 6)
    // The offer carries itself, sealed: nothing is stored until the code came back.
    let until = work.time.now().advanced(by: .seconds(limits.codeSeconds)).microseconds
    let sealed = try await seal(Array("\(until)\n\(code)\n\(contact)".utf8), Self.place(of: account, "contact-offer"))
    do { try await messenger.send(code: code, to: contact) } catch { throw .messengerMissing }
    return Secrets.base64URL(sealed)
  }

  /// Makes the contact one's own: the code came there.
  ///
  /// - Throws: `.codeWrong`, `.locked`.
  package func confirmContact(
    offer: String, code: String, by principal: Principal
  ) async throws(AccountsError) {
    try principal.mustBeComplete()
    let account = try await own(principal)
    try limiter.check("contact \(account.id)", at: work.time.now())
    guard let bytes = Secrets.bytes(base64URL: offer),
      let text = try? await open(bytes, Self.place(of: account, "contact-offer"))
    else { throw .codeWrong }
    let parts = String(decoding: text, as: UTF8.self).split(separator: "\n", maxSplits: 2).map(String.init)
    guard parts.count == 3, let until = Int64(parts[0]), work.time.now().microseconds < until,
      Secrets.isEqual(Array(parts[1].utf8), Array(code.utf8))
    else {
      limiter.failed("contact \(account.id)", at: work.time.now())
      throw .codeWrong
    }
    let sealed = try await seal(Array(parts[2].utf8), Self.place(of: account, "contact"))
    try await work.run(AccountsError.self) { unit in
      try unit.sql.update(contactOf: account.id, account.organisation, sealed)
      try unit.record(ContactChanged(account: account.id), organisation: account.organisation)
    }
  }
}

extension Accounts {
  private func contact(of account: Account?) async throws(AccountsError) -> String? {
    guard let account, let sealed = try await work.read(AccountsError.self, { try $0.contact(of: account) }) else {
      return nil
    }
    return String(decoding: try await open(sealed, Self.place(of: account, "contact")), as: UTF8.self)
  }

  /// With the token, which is not stored: the store's owner cannot try all codes against it.
  private static func hash(_ code: String, _ token: String) -> [UInt8] { Secrets.hash("\(token)|\(code)") }

  private func isRight(_ code: String?, of reset: PasswordReset, _ token: String) -> Bool {
    guard let code, let hash = reset.codeHash else { return false }
    let age = work.time.now().microseconds(since: reset.askedAt)
    return age < limits.codeSeconds * 1_000_000 && Secrets.isEqual(Self.hash(code, token), hash)
  }

  /// What uses the code up; nil for a wrong one.
  private func spending(
    _ code: String, of account: Account
  ) async throws(AccountsError) -> (@Sendable (Unit) throws -> Void)? {
    if RecoveryCode.normalized(code) != nil {
      let hash = RecoveryCode.hash(code)
      let isThere = try await work.read(AccountsError.self) { try $0.hasRecoveryCode(hash, of: account) }
      guard isThere else { return nil }
      return { unit in
        guard try unit.sql.use(recoveryCode: hash, of: account, at: unit.now) else { throw AccountsError.resetRefused }
      }
    }
    do throws(AccountsError) {
      let (factor, step) = try await check(code, of: account) { $0.confirmedAt != nil }
      return { unit in
        guard try unit.sql.use(step, of: factor, at: unit.now) else { throw AccountsError.resetRefused }
      }
    } catch .codeWrong { return nil } catch .factorMissing { return nil } catch .locked { return nil }
  }

  private func refused(_ origin: Origin) -> AccountsError {
    limiter.failed(origin.address, at: work.time.now())
    return .resetRefused
  }
}

/// The rules of contacts.
enum ContactRules {
  /// A telephone number of 6 to 20 digits, or a mail address of at most 254 bytes.
  static func check(_ text: String) throws(AccountsError) -> String {
    let contact = text.filter { !$0.isWhitespace }
    let digits = contact.drop { $0 == "+" }
    if (6...20).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }) { return contact }
    let parts = contact.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), contact.utf8.count <= 254,
      contact.utf8.allSatisfy({ $0 > 32 && $0 != 127 })
    else { throw .fieldInvalid(field: "contact", problem: "must be a telephone number or a mail address") }
    return contact
  }

  /// `138****5270`, `z***@example.org`.
  static func masked(_ contact: String) -> String {
    if let at = contact.firstIndex(of: "@") { return "\(contact.prefix(1))***\(contact[at...])" }
    guard contact.count > 7 else { return "****\(contact.suffix(2))" }
    return "\(contact.prefix(3))****\(contact.suffix(4))"
  }
}
