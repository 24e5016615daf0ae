import Testing

@testable import LoadGenerator

@Suite("A generated PUBLISH")
struct PublishTemplateTests {
  private func message(packetID: UInt16, sequence: UInt32, content: String) -> [UInt8] {
    var plan = LoadPlan(port: 1, connections: 1, security: .plain, work: .idle)
    plan.content = content
    let template = PublishTemplate(device: LoadPlan.deviceName(17), plan: plan)
    var run = ByteRun(capacity: template.bytesMax)
    defer { run.deallocate() }
    template.append(to: &run, packetID: packetID, sequence: sequence, milliseconds: 1_764_000_000_000)
    return Array(run.filled)
  }

  @Test("carries QoS 1, its length, topic, packet id and a payload that counts up")
  func bytes() {
    let topic = "anju/1/d000017/telemetry"
    let payload = #"{"boot":1,"seq":42,"ts":1764000000000,"values":{}}"#
    let expected: [UInt8] =
      [0x32, UInt8(2 + topic.utf8.count + 2 + payload.utf8.count), 0, UInt8(topic.utf8.count)]
      + Array(topic.utf8) + [0x12, 0x34] + Array(payload.utf8)
    #expect(message(packetID: 0x1234, sequence: 42, content: #""values":{}"#) == expected)
  }

  @Test("a long one has a length of two bytes")
  func longLength() {
    let bytes = message(packetID: 1, sequence: 0, content: String(repeating: "x", count: 300))
    let length = Int(bytes[1] & 127) | Int(bytes[2]) << 7
    #expect(bytes[1] & 128 != 0)
    #expect(length == bytes.count - 3)
  }

  @Test("never takes more room than it says", arguments: [0, 9, 10, 99, 100, UInt32.max])
  func room(sequence: UInt32) {
    _ = message(packetID: .max, sequence: sequence, content: "")
  }
}

@Suite("A run of bytes")
struct ByteRunTests {
  @Test("what is drained in front leaves room behind after compacting")
  func compact() {
    var run = ByteRun(capacity: 8)
    defer { run.deallocate() }
    run.append([1, 2, 3, 4, 5, 6])
    run.didDrain(4)
    #expect(run.room == 2)
    run.compact()
    #expect(run.room == 6)
    #expect(Array(run.filled) == [5, 6])
  }

  @Test("numbers are written in decimal", arguments: [0, 7, 10, 1_764_000_000_000, UInt64.max])
  func decimal(value: UInt64) {
    var run = ByteRun(capacity: 20)
    defer { run.deallocate() }
    run.append(decimal: value)
    #expect(String(decoding: run.filled, as: UTF8.self) == String(value))
  }
}
