package import SQLStore

/// The stores that a suite runs on: `@Test(arguments: Backend.allCases)`.
package enum Backend: String, CaseIterable, Sendable {
  /// A file in a temporary folder.
  case sqlite
  /// A database of its own on the private server of this test process.
  case postgres

  /// An empty store.
  package func open() async throws -> OpenedStore {
    switch self {
    case .sqlite:
      let folder = try TemporaryFolder("anju-store")
      return try await OpenedStore(folder: folder, place: .file(folder.path("store.sqlite")))
    case .postgres:
      return try await OpenedStore(folder: nil, place: .server(PostgresServer.shared.database()))
    }
  }
}

/// A store with its place, so that a second one can be opened beside it.
package struct OpenedStore: Sendable {
  /// Where the store is.
  package enum Place: Sendable {
    case file(String)
    /// How libpq connects.
    case server(String)
  }

  package let store: SQLStore
  package let place: Place
  private let folder: TemporaryFolder?

  init(folder: TemporaryFolder?, place: Place) async throws {
    self.folder = folder
    self.place = place
    store = try await Self.open(place)
  }

  /// The same data through another store, as another process would open it.
  package func again() async throws -> SQLStore {
    try await Self.open(place)
  }

  /// What a program is told to open it: a path, or what libpq reads.
  package var address: String {
    switch place {
    case .file(let path): path
    case .server(let conninfo): conninfo
    }
  }

  package static func open(_ place: Place) async throws -> SQLStore {
    switch place {
    case .file(let path): try SQLStore.sqlite(path: path)
    case .server(let conninfo): try await SQLStore.postgres(conninfo, connectionsMax: 4)
    }
  }
}
