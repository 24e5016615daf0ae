import Testing

@Suite("Conformance to MQTT 3.1.1 and 5.0")
struct ConformanceTests {
  @Test("the broker keeps to the standard", arguments: Vector.all)
  func vectorHolds(_ vector: Vector) async throws {
    let broker = try await ConformanceBroker.start(vector.settings)
    var run = VectorRun(vector, broker: broker)
    do {
      try await run.play()
    } catch {
      Issue.record("\(error)")
    }
    try await broker.stop()
  }
}
