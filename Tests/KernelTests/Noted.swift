import Kernel
import SQLStore

/// A made-up event and table for the kernel's own tests.
struct Noted: JournalEvent, Hashable {
  static let kind = "test.noted"
  let text: String
  var subject: String { text }

  static let migrations = SQLMigrations(
    context: "test",
    steps: [
      .init(
        1, "noted",
        """
        CREATE TABLE noted (id {id} NOT NULL PRIMARY KEY, text {text} NOT NULL, at {int} NOT NULL) {strict};
        CREATE UNIQUE INDEX noted_text ON noted (text);
        """)
    ])
}

enum NotedError: UseCaseError, Equatable {
  case taken
  case denied(Denied)
  case store(StoreFailure)

  init(_ denied: Denied) { self = .denied(denied) }
  init(_ failure: StoreFailure) { self = .store(failure) }

  var kind: ErrorKind { .conflict }
  var code: String { "test" }
  var reason: String { "test" }
  var remedy: String { "test" }
}
