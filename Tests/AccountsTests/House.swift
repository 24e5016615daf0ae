import Accounts
import Kernel
import SQLStore
import TestSupport

/// An organisation with its first administrator.
struct House {
  let fresh: Fresh
  let accounts: Accounts
  let first: Accounts.First
  let administrator: Principal

  static let address = "192.0.2.1"

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
    accounts = Accounts(
      work: fresh.work, hasher: try PasswordHasher(cost: cost), limits: limits, random: { random.bytes($0) })
    first = try await accounts.found(organisation: "安居 Homes", administrator: "Admin")
    administrator = Principal(
      id: first.account.id, kind: .person, organisation: first.organisation, name: "admin",
      permissions: Role.administrator.permissions)
  }

  func add(_ name: String, _ role: Role = .viewer, by principal: Principal? = nil) async throws -> Account {
    try await accounts.create(
      NewAccount(name: name, displayName: name, role: role, password: Self.password), by: principal ?? administrator)
  }

  static let password = "correct horse battery"

  func signIn(_ name: String, _ password: String = password, address: String = address) async throws(AccountsError)
    -> OpenedSession
  {
    try await accounts.signIn(name: name, password: password, address: address)
  }

  func kinds() async throws -> [String] {
    try await fresh.journal.read(after: 0, limit: 1_000).map(\.kind)
  }
}
