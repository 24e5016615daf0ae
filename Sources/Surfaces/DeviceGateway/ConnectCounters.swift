import Metrics

/// Who was let in and who was turned away, and why.
struct ConnectCounters: Sendable {
  private let accepted = Counter(label: "anju_devicegateway_connects_total", dimensions: [("outcome", "accepted")])
  private let refused: [ConnectDecision.Refusal: Counter]
  private let forbidden = Counter(label: "anju_devicegateway_topics_refused_total")
  private let connections = Gauge(label: "anju_devicegateway_connections")

  init() {
    refused = Dictionary(
      uniqueKeysWithValues: ConnectDecision.Refusal.allCases.map { refusal in
        let dimensions = [("outcome", "refused"), ("reason", String(describing: refusal))]
        return (refusal, Counter(label: "anju_devicegateway_connects_total", dimensions: dimensions))
      })
  }

  func accept() { accepted.increment() }
  func refuse(_ refusal: ConnectDecision.Refusal) { refused[refusal]?.increment() }
  func forbid() { forbidden.increment() }
  func connected(_ count: Int) { connections.record(count) }
}
