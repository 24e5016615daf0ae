import Guomi
import Kernel
import Vault

/// What Accounts has in sealed fields, and where: the secrets of second factors (class sensitive) and contacts (class
/// important). Only the vault opens them, each time with a reason that is audited.
///
/// - Source: clauses 9.2.2 a, 9.3 d, 9.4 c.
extension Accounts {
  /// What the vault's keys of this context are for.
  static let purpose = "accounts"

  /// Where the secret of an account's second factor stands.
  static func factorPlace(_ account: ID<Principal>, _ organisation: ID<Organisation>) -> SealedPlace {
    SealedPlace(organisation: organisation, table: "second_factor", column: "secret", row: account)
  }

  /// Where a contact stands.
  static func contactPlace(
    _ kind: ContactKind, _ account: ID<Principal>, _ organisation: ID<Organisation>
  ) -> SealedPlace {
    SealedPlace(organisation: organisation, table: "account_contact", column: kind.rawValue, row: account)
  }

  /// Where an offered contact would stand: it is given out, sealed, and stored nowhere.
  static func offerPlace(_ account: ID<Principal>, _ organisation: ID<Organisation>) -> SealedPlace {
    SealedPlace(organisation: organisation, table: "account_contact", column: "offer", row: account)
  }

  /// One value's sealer.
  ///
  /// - Throws: `.sealed` when the key service does not answer: then nothing is written, least of all in the clear.
  func sealer<Class: SealClass>(
    _ class: Class.Type, _ organisation: ID<Organisation>
  ) async throws(AccountsError) -> Sealer<Class> {
    do { return try await vault.sealer(`class`, organisation: organisation, purpose: Self.purpose, count: 1) } catch {
      throw AccountsError(error)
    }
  }

  /// Opens the secret of a second factor.
  ///
  /// - Throws: `.factorSealed` when the key service does not answer.
  func open(_ factor: SecondFactor) async throws(AccountsError) -> Opened<SecretBytes> {
    do {
      return try await vault.open(
        factor.sealed, at: Self.factorPlace(factor.account, factor.organisation),
        for: .platform(factor.organisation, for: .secondFactor))
    } catch {
      let failure = AccountsError(error)
      throw failure == .sealed ? .factorSealed : failure
    }
  }
}

extension AccountsError {
  /// What keeps a sealed value from being made or opened, in this context's words.
  init(_ error: VaultError) {
    self =
      switch error {
      case .unreachable, .sealed, .tokenGone, .busy, .storeFull, .auditFailed: .sealed
      case .denied(let denied): AccountsError(denied)
      case .store(let failure): .store(failure)
      case .erased: .contactMissing
      case .reasonMissing: .fieldInvalid(field: "reason", problem: "must have 1 to 500 characters")
      case .notAuthentic, .unknownSuite, .malformed, .keyUnknown, .keyUnusable, .tooLarge, .refused:
        .unreadable(error.code)
      }
  }

  /// Runs what only the vault's own errors can stop.
  static func reading<Value>(_ body: () throws(VaultError) -> Value) throws(AccountsError) -> Value {
    do { return try body() } catch { throw AccountsError(error) }
  }
}
