import Foundation
package import Testing

/// Says which clauses of the standard a test proves. `./anju conformance` joins these marks with the results of the
/// run and with `conformance/clauses.tsv`.
///
/// While a marked test runs, a line `clause<TAB>test id` goes to the file that `ANJU_CLAUSE_LOG` names, so that a
/// clause can not claim a test that did not run.
package struct ClauseTrait: TestTrait, SuiteTrait, TestScoping {
  package let clauses: [String]

  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    if !test.isSuite { record(test) }
    try await function()
  }

  /// Appends with one `write` a test, so that tests running side by side do not mix their lines.
  private func record(_ test: Test) {
    guard let path = ProcessInfo.processInfo.environment["ANJU_CLAUSE_LOG"] else { return }
    let lines = clauses.map { "\($0)\t\(test.id)\n" }.joined()
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    guard file >= 0 else { return }
    defer { close(file) }
    _ = lines.utf8.withContiguousStorageIfAvailable { write(file, $0.baseAddress, $0.count) }
  }
}

extension Trait where Self == ClauseTrait {
  /// Marks a test, or every test of a suite, as proof of clauses: `.clause("6.1.2d")`.
  package static func clause(_ ids: String...) -> Self { ClauseTrait(clauses: ids) }
}
