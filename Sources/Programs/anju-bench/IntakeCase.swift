import LoadGenerator

/// One row of the intake benchmark.
struct IntakeCase: Sendable {
  let connections: Int
  /// Unacknowledged messages a connection.
  let window: Int
  /// nil: as fast as it goes.
  let messagesPerSecond: Double?
  let isTLS: Bool

  var work: LoadPlan.Work {
    messagesPerSecond.map { .pace(messagesPerSecond: $0, window: window) } ?? .saturate(window: window)
  }

  var name: String {
    let pace = messagesPerSecond.map { ", paced \(Int($0))/s" } ?? ""
    return "\(isTLS ? "TLS" : "plain"), \(connections) × \(window)\(pace)"
  }

  /// - Parameter quick: only the cases with a stated target.
  static func matrix(quick: Bool) -> [IntakeCase] {
    var cases: [IntakeCase] = []
    for isTLS in [false, true] {
      for connections in quick ? [1_000] : [1, 100, 1_000, 10_000] {
        for window in [1, 20] {
          cases.append(IntakeCase(connections: connections, window: window, messagesPerSecond: nil, isTLS: isTLS))
        }
      }
      for rate in quick ? [10_000.0] : [2_000, 10_000] {
        cases.append(IntakeCase(connections: 1_000, window: 20, messagesPerSecond: rate, isTLS: isTLS))
      }
    }
    return cases
  }
}
