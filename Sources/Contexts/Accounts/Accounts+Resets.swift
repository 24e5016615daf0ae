import Audit
package import Kernel
import Logging
import Vault

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
    let contact = await contactForCode(of: account)
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
    let owner = account.principal(at: work.time.now(), .none, origin)
    try await setPassword(newPassword, of: account, keeping: nil, by: owner) { unit in
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
      try unit.audit(.act, "account.passwordReset", reset.account, by: principal, .plain("act", "approve"))
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
      try unit.audit(.act, "account.invitation", id, by: principal)
    }
    return token
  }

  // MARK: The contact

  /// One's own contact for lost passwords, masked: `138****5270`; nil for none.
  package func contact(by principal: Principal) async throws(AccountsError) -> String? {
    try principal.mustBeComplete()
    let (id, organisation) = (principal.id, principal.organisation)
    return try await work.read(AccountsError.self) { sql in
      try sql.verifiedContact(of: id, organisation)?.shown.masked
    }
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
    let contact = try Contact(text)
    let account = try await proven(password, of: principal)
    let code = Secrets.digits(random, count: 6)
    // The offer carries itself, sealed: nothing is stored until the code came back.
    let until = work.time.now().advanced(by: .seconds(limits.codeSeconds)).microseconds
    let sealer = try await sealer(Important.self, account.organisation)
    let sealed = try AccountsError.reading { () throws(VaultError) in
      try sealer.seal(
        "\(until)\n\(code)\n\(contact.text)", at: Self.offerPlace(account.id, account.organisation))
    }
    do { try await messenger.send(code: code, to: contact.text) } catch { throw .messengerMissing }
    return Secrets.base64URL(sealed.stored)
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
    let text = try await opened(offer: offer, of: account)
    let parts = text.split(separator: "\n", maxSplits: 2).map(String.init)
    guard parts.count == 3, let until = Int64(parts[0]), work.time.now().microseconds < until,
      Secrets.isEqual(Array(parts[1].utf8), Array(code.utf8))
    else { throw wrongCode(of: account) }
    _ = try await put(
      try Contact(parts[2]), of: account.id, account.organisation, isVerified: true, by: principal) { _ in }
  }
}

extension Accounts {
  /// Where to send a code; nil when there is no such place, or it cannot be opened now: who asked must not learn which,
  /// and the other two proofs remain.
  private func contactForCode(of account: Account?) async -> String? {
    guard let account, account.isActive, !account.isInvited, messenger.isAttached else { return nil }
    do {
      let stored = try await work.read(AccountsError.self) { sql in
        try sql.verifiedContact(of: account.id, account.organisation)
      }
      guard let stored else { return nil }
      return try await open(stored, for: .platform(account.organisation, for: .lostPassword))
    } catch {
      work.logger.warning(
        "a contact cannot be opened: no code is sent",
        metadata: ["account.id": "\(account.id)", "error": "\(error.code)"])
      return nil
    }
  }

  /// - Throws: `.codeWrong` for what is no offer to this account, `.sealed`.
  private func opened(offer: String, of account: Account) async throws(AccountsError) -> String {
    guard let bytes = Secrets.bytes(base64URL: offer) else { throw wrongCode(of: account) }
    do throws(VaultError) {
      return try await vault.open(
        Sealed<String, Important>(stored: bytes), at: Self.offerPlace(account.id, account.organisation),
        for: .platform(account.organisation, for: .newContact)
      ).reveal()
    } catch {
      let failure = AccountsError(error)
      throw failure == .sealed ? failure : wrongCode(of: account)
    }
  }

  /// Counted, whatever was wrong: each try to open an offer is an entry of the audit log.
  private func wrongCode(of account: Account) -> AccountsError {
    limiter.failed("contact \(account.id)", at: work.time.now())
    return .codeWrong
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
    } catch .codeWrong { return nil } catch .factorMissing { return nil } catch .locked {
      return nil
    } catch .factorSealed {
      // That a code could not be checked would tell that there is an account with a second factor.
      return nil
    }
  }

  private func refused(_ origin: Origin) -> AccountsError {
    limiter.failed(origin.address, at: work.time.now())
    return .resetRefused
  }
}
