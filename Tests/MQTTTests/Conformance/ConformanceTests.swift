import Testing

@Suite("Conformance to MQTT 3.1.1 and 5.0")
struct ConformanceTests {
  @Test("the broker keeps to the standard", arguments: Vector.all(.broker))
  func vectorHolds(_ vector: Vector) async throws { try await play(vector, .whole) }

  @Test("the broker keeps to the standard when packets come byte by byte", arguments: Vector.all(.broker))
  func vectorHoldsInPieces(_ vector: Vector) async throws { try await play(vector, .single) }

  private func play(_ vector: Vector, _ pieces: Wire.Pieces) async throws {
    let broker = try await ConformanceBroker.start(vector.settings)
    var run = VectorRun(vector, broker: broker, pieces: pieces)
    do {
      try await run.play()
    } catch {
      Issue.record("\(error)")
    }
    try await broker.stop()
  }
}

@Suite("Conformance of the client machine")
struct ClientConformanceTests {
  @Test("the client keeps to the standard", arguments: Vector.all(.client))
  func vectorHolds(_ vector: Vector) throws {
    do {
      try ClientRun(vector).play()
    } catch {
      Issue.record("\(error)")
    }
  }
}
