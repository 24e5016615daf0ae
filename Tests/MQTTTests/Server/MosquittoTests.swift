import Foundation
import MQTT
import TestSupport
import Testing

/// Debian's mosquitto clients as peers of another house.
@Suite("mosquitto_pub and mosquitto_sub speak with the server", .timeLimit(.minutes(10)))
struct MosquittoTests {
  /// Runs a program to its end.
  private func run(_ program: String, _ arguments: [String]) async throws -> ChildProgram.Outcome {
    try await ChildProgram.run(ChildProgram.Order(program, arguments))
  }

  @Test("messages of each QoS arrive, in each version", arguments: ["311", "5"], ["0", "1", "2"])
  func exchange(version: String, qos: String) async throws {
    try await TestServer.run { test in
      let port = "\(test.port)"
      async let subscriber = run(
        "mosquitto_sub",
        ["-p", port, "-V", version, "-q", qos, "-t", "house/+", "-C", "3", "-F", "%t %q %p"])
      try await until { test.server.subscriptionCount == 1 }
      for number in 1...3 {
        let sent = try await run(
          "mosquitto_pub", ["-p", port, "-V", version, "-q", qos, "-t", "house/\(number)", "-m", "消息 \(number)"])
        #expect(sent.isSuccess, "\(sent)")
      }
      let received = try await subscriber
      #expect(received.isSuccess, "\(received)")
      #expect(received.output == (1...3).map { "house/\($0) \(qos) 消息 \($0)\n" }.joined())
    }
  }

  @Test("a large message, a kept one and properties arrive")
  func more() async throws {
    try await TestServer.run { test in
      let port = "\(test.port)"
      let sent = try await run(
        "mosquitto_pub",
        ["-p", port, "-V", "5", "-q", "1", "-r", "-t", "kept", "-D", "publish", "content-type", "text/plain",
          "-D", "publish", "user-property", "a", "b", "-m", String(repeating: "x", count: 100_000)])
      #expect(sent.isSuccess, "\(sent)")
      let received = try await run(
        "mosquitto_sub", ["-p", port, "-V", "5", "-t", "kept", "-C", "1", "-F", "%r %C %P %l"])
      #expect(received.output == "1 text/plain a:b 100000\n")
    }
  }

  @Test("the client machine speaks with mosquitto's own broker", arguments: [MQTTVersion.v311, .v5])
  func clientAgainstMosquitto(version: MQTTVersion) async throws {
    try await MosquittoBroker.run { port in
      let client = try await TestClient.connect(port: port, version: version)
      #expect(try await client.nextEvent { if case .connected = $0 { true } else { false } })
      client.act { $0.subscribe([.init(filter: "m/#", options: .init(maximumQoS: .exactlyOnce))], now: $1).actions }
      #expect(try await client.nextEvent { $0 == .answered(packetID: 1, [.grantedQoS2]) })
      for qos in MQTTQoS.allCases {
        client.act {
          $0.publish(topic: MQTTString("m/\(qos.rawValue)"), payload: [qos.rawValue], qos: qos, now: $1).actions
        }
        #expect(
          try await client.nextEvent {
            guard case .message(let message) = $0 else { return false }
            return message.qos == qos && message.payload == [qos.rawValue]
          })
      }
      client.act { $0.disconnect(now: $1) }
      await client.close()
    }
  }
}
