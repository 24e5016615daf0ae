package import Testing

/// How long a test waits for what must come. Only a failing test waits so long; but all tests start side by side, on
/// a machine that may be building something else, and the last to be served must not fail for it.
package enum Patience {
  package static let seconds = 120

  package static var limit: ContinuousClock.Instant { .now + .seconds(seconds) }
}

/// Waits until a condition holds that nothing tells of, looking again every few milliseconds.
package func until(
  sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
  let limit = Patience.limit
  while try await !condition() {
    guard ContinuousClock.now < limit else {
      Issue.record("waited \(Patience.seconds) seconds in vain", sourceLocation: sourceLocation)
      return
    }
    try await Task.sleep(for: .milliseconds(3))
  }
}
