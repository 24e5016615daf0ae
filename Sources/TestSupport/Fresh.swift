import Audit
package import Kernel
import Logging
package import SQLStore
import Vault

/// What a context's test needs: an empty store with its tables, a clock that stands still, seeded ids.
package struct Fresh: Sendable {
  package let store: SQLStore
  package let clock: ManualClock
  package let work: Work
  package let journal: Journal
  package let organisation: ID<Organisation>
  /// Holds the database's folder, if it has one.
  private var opened: OpenedStore?

  /// A SQLite database in memory with the journal's, the audit log's, the vault's and the given tables.
  package static func inMemory(_ migrations: [SQLMigrations] = []) async throws -> Fresh {
    try await Fresh(store: .inMemory(), migrations)
  }

  /// A database of its own on the backend, kept as long as this is.
  package static func on(_ backend: Backend, _ migrations: [SQLMigrations] = []) async throws -> Fresh {
    let opened = try await backend.open()
    var fresh = try await Fresh(store: opened.store, migrations)
    fresh.opened = opened
    return fresh
  }

  /// - Parameter migrations: besides the journal's, the audit log's and the vault's.
  package init(store: SQLStore, _ migrations: [SQLMigrations] = []) async throws {
    try await store.migrate([Journal.migrations, AuditLog.migrations, RecordKeys.migrations] + migrations)
    let clock = ManualClock()
    let ids = IDSource.seeded(time: clock.timekeeper)
    self.store = store
    self.clock = clock
    work = Work(store: store, time: clock.timekeeper, ids: ids, logger: .silent)
    journal = Journal(work: work)
    organisation = ids.next()
  }

  /// Somebody of the organisation with these permissions, who showed the second factor just now.
  package func principal(
    _ permissions: Set<Permission> = Set(Permission.allCases), kind: Principal.Kind = .person
  ) -> Principal {
    Principal(
      id: work.ids.next(), kind: kind, organisation: organisation, name: "Test", permissions: permissions,
      assurance: .secondFactor(at: clock.now))
  }

  /// Somebody of the organisation with permissions in parts of it, who showed the second factor just now.
  package func principal(in scopes: [Scope], _ permissions: Set<Permission>) -> Principal {
    Principal(
      id: work.ids.next(), kind: .person, organisation: organisation, name: "Test",
      grants: scopes.map { Grant(permissions, in: $0) }, assurance: .secondFactor(at: clock.now), origin: .platform)
  }
}
