import Testing

/// A conformance test that can not fail proves nothing: each way of departing from a vector must show.
@Suite("A vector fails when the other side departs from it")
struct VectorRunTests {
  private func play(_ text: String) async throws {
    var parser = VectorParser(file: "sample")
    let vector = try #require(try parser.parse("versions 5.0\n== sample\n\(text)\n").first)
    let broker = try await ConformanceBroker.start(vector.settings)
    var run = VectorRun(vector, broker: broker)
    let fault: (any Error)?
    do {
      try await run.play()
      fault = nil
    } catch {
      fault = error
    }
    try await broker.stop()
    if let fault { throw fault }
  }

  @Test("five hundred messages keep their order through lost connections")
  func order() async throws {
    var lines = ["a connects id=c keep", "a subscribes t@1", "a drop", "p connects id=p"]
    for number in 1...500 { lines.append("p publishes topic=t qos=1 payload=\(number)") }
    // Each connection takes a hundred and acknowledges sixty; the rest must come again, first and in order.
    for first in stride(from: 1, through: 400, by: 60) {
      let (taken, freed) = (first..<first + 100, first + 100..<min(first + 160, 501))
      lines.append("a resumes id=c keep receive-maximum=100")
      lines += taken.map { "a< publish topic=t qos=1 dup=* id=%\($0) payload=\($0)" }
      lines += taken.prefix(60).map { "a> puback id=%\($0)" }
      lines += freed.map { "a< publish topic=t qos=1 id=%\($0) payload=\($0)" }
      lines += ["a quiet", "a drop"]
    }
    try await play(lines.joined(separator: "\n"))
  }

  @Test("the sample itself holds")
  func holds() async throws {
    try await play("a connects id=c\na subscribes t@1\na publishes topic=u qos=1 payload=x\na quiet")
  }

  @Test(
    "a departure is found",
    arguments: [
      "a connects id=c\na> c0 00\na< d0 01",
      "a resumes id=c",
      "a connects id=c\na> c0 00\na closed",
      "a connects id=c\na> c1 00\na quiet",
      "a connects id=c\na subscribes t@0\na> publish topic=t payload=x\na quiet",
      "a connects id=c\na subscribes t@0\na> publish topic=t payload=x\na receives topic=t payload=y",
      "a connects id=c\na subscribes t@0,rap\na> publish topic=t retain=1 payload=x\na receives topic=t payload=x",
      "a connects id=c\na subscribes t@0\na> publish topic=t user=a:b payload=x\na receives topic=t payload=x",
      "a connects id=c\na> subscribe id=1 filter=t@0\na< suback id=2 codes=00",
      "a connects id=c\na> connect id=c\na fails 81",
      "a> connect id=c auth-method=X\na refused 86",
      "a connects id=a\nb connects id=b\na subscribes t@0\nb subscribes t@0\n"
        + "p connects id=p\np publishes topic=t qos=1 payload=x\neither a,b receives topic=t payload=x",
    ])
  func departs(text: String) async throws {
    await #expect(throws: VectorFault.self) { try await play(text) }
  }
}
