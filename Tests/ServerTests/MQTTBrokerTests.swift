import Foundation
import TestSupport
import Testing

@Suite("anju mqtt-broker", .timeLimit(.minutes(10)))
struct MQTTBrokerTests {
  @Test("ends in order when it is asked to directly after it named its address", arguments: [SIGTERM, SIGINT])
  func ends(signal: Int32) async throws {
    let broker = try await ChildProgram.start(.built("anju", ["mqtt-broker", "--open", "--port", "0"]))
    try await broker.wrote("on 127.0.0.1:")
    broker.send(signal: signal)
    let outcome = try await broker.ended()
    #expect(outcome.isSuccess, "\(outcome)")
  }

  @Test("says so and fails when it cannot listen")
  func taken() async throws {
    let broker = try await ChildProgram.start(.built("anju", ["mqtt-broker", "--open", "--port", "0"]))
    try await broker.during {
      let line = try await broker.wrote("\n")
      let port = try #require(line.split(separator: ":").last).trimmingCharacters(in: .whitespacesAndNewlines)
      let second = try await ChildProgram.run(.built("anju", ["mqtt-broker", "--open", "--port", port]))
      #expect(second.end == .exited(1))
      #expect(second.output.contains("cannot listen on 127.0.0.1:\(port)"))
    }
  }

  @Test("does not start without --open")
  func open() async throws {
    let outcome = try await ChildProgram.run(.built("anju", ["mqtt-broker"]))
    #expect(!outcome.isSuccess)
    #expect(outcome.output.contains("--open"))
  }
}
