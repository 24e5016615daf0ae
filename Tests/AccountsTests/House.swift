import Accounts
import Kernel
import SQLStore
import Synchronization
import TestSupport
import Vault

/// An organisation with its first administrator.
struct House {
  let fresh: Fresh
  let accounts: Accounts
  let first: Accounts.First
  let messenger = TestMessenger()
  let vault: Vault
  /// What the vault asks; it can be told to be down.
  let keys = StandInKeys()
  /// What the audit log is told of openings.
  let openings = Openings()

  final class Openings: Sendable {
    let list = Mutex<[SealedOpening]>([])
    var all: [SealedOpening] { list.withLock { $0 } }
  }

  static let origin = Origin(address: "192.0.2.1", agent: "Firefox")

  /// The first system administrator, who showed the second factor just now.
  var administrator: Principal { principal(first.administrator, .systemAdministrator) }
  /// The first operator, who showed the second factor just now.
  var `operator`: Principal { principal(first.operator, .operator) }

  /// An account in a role of the organisation, that showed the second factor just now.
  func principal(_ account: Account, _ role: Role, in scope: Scope = .organisation) -> Principal {
    Principal(
      id: account.id, kind: .person, organisation: account.organisation, name: account.displayName,
      grants: [Grant(role.permissions, in: scope)], assurance: .secondFactor(at: fresh.clock.now), origin: Self.origin)
  }

  static func open(
    _ backend: Backend? = nil, limits: AccountsLimits = AccountsLimits(), cost: PasswordHasher.Cost = .least
  ) async throws -> House {
    guard let backend else {
      return try await House(Fresh.inMemory([Accounts.migrations]), limits, cost, keeping: nil)
    }
    let opened = try await backend.open()
    return try await House(Fresh(store: opened.store, [Accounts.migrations]), limits, cost, keeping: opened)
  }

  /// The folder lives as long as this.
  private let kept: OpenedStore?

  private init(
    _ fresh: Fresh, _ limits: AccountsLimits, _ cost: PasswordHasher.Cost, keeping kept: OpenedStore?
  ) async throws {
    self.fresh = fresh
    self.kept = kept
    let random = SharedRandom(seed: 7)
    let openings = openings
    vault = Vault.standIn(keys, time: fresh.clock.timekeeper) { opening in
      openings.list.withLock { $0.append(opening) }
    }
    accounts = Accounts(
      work: fresh.work, hasher: try PasswordHasher(cost: cost),
      vault: vault, messenger: messenger,
      breached: BreachList(["password", "iloveyou", "dragonfly", "correcthorsebatterystaple"]), limits: limits,
      random: { random.bytes($0) })
    first = try await accounts.found(organisation: "安居 Homes", administrator: "Admin")
  }

  /// Somebody of the organisation without an account, who showed the second factor just now.
  func somebody(
    _ permissions: Set<Permission> = Set(Permission.allCases), in scope: Scope = .organisation
  ) -> Principal {
    Principal(
      id: fresh.work.ids.next(), kind: .person, organisation: first.organisation, name: "Somebody",
      grants: [Grant(permissions, in: scope)], assurance: .secondFactor(at: fresh.clock.now), origin: Self.origin)
  }

  /// An account whose owner chose `password`.
  func add(_ name: String, _ role: Role = .viewer, in scope: Scope = .organisation) async throws -> Account {
    let made = try await accounts.create(
      NewAccount(name: name, displayName: name, roles: [NewAssignment(role, in: scope)], password: nil),
      by: administrator)
    // An office is given to an account that is managed by who appoints officers.
    let giver = role.isOffice ? principal(first.administrator, .securityOfficer) : administrator
    let token = try await accounts.invite(made.id, by: giver)
    try await accounts.completeReset(
      token: token, ResetProofs(), newPassword: Self.password, from: Origin(address: name, agent: ""))
    return try await accounts.account(made.id, by: administrator)
  }

  static let password = "correct horse battery"

  func signIn(_ name: String, _ password: String = password, address: String = origin.address)
    async throws(AccountsError) -> OpenedSession
  {
    try await accounts.signIn(name: name, password: password, from: Origin(address: address, agent: "Firefox"))
  }

  func principal(_ token: String) async throws(AccountsError) -> Principal? {
    try await accounts.principal(session: token, from: Self.origin)
  }

  /// Sets a second factor up in a session.
  ///
  /// - Returns: its secret in Base32, and the recovery codes.
  func setUpFactor(
    _ session: OpenedSession, _ algorithm: TOTP.Algorithm = .sha1, password: String = password
  ) async throws -> (secret: String, codes: [String]) {
    let offer = try await accounts.offerSecondFactor(algorithm, password: password, by: session.principal)
    let codes = try await accounts.confirmSecondFactor(
      code: code(offer.secret, algorithm), session: session.token, by: session.principal)
    return (offer.secret, codes)
  }

  /// What the phone shows now, or so many steps later.
  func code(_ secret: String, _ algorithm: TOTP.Algorithm = .sha1, steps: Int64 = 0) -> String {
    TOTP.code(Base32.bytes(secret), step: TOTP.step(at: fresh.clock.now) + steps, algorithm)
  }

  func kinds() async throws -> [String] {
    try await fresh.journal.read(after: 0, limit: 1_000).map(\.kind)
  }
}

/// Keeps the codes that are sent.
final class TestMessenger: Messenger {
  private let sent = Mutex<[(contact: String, code: String)]>([])

  var isAttached: Bool { true }

  func send(code: String, to contact: String) async throws(MessengerFailure) {
    sent.withLock { $0.append((contact, code)) }
  }

  /// The last one sent there.
  func code(to contact: String) -> String? { sent.withLock { $0.last { $0.contact == contact }?.code } }
  var count: Int { sent.withLock { $0.count } }
}
