import TestSupport
import Testing

@testable import SecureElement

struct ElementWireTests {
  @Test("every call and every answer comes through as it was", .clause("9.5.4"))
  func roundTrip() throws {
    #expect(Set(Samples.requests.map(\.call)) == Set(ElementCall.allCases))
    for request in Samples.requests { #expect(try ElementRequest(request.bytes) == request) }
    for answer in Samples.answers { #expect(try ElementAnswer(answer.bytes) == answer) }
  }

  @Test("a call that is cut off anywhere, or has a byte too many, is refused")
  func cutOff() {
    for request in Samples.requests {
      let bytes = request.bytes
      for count in 0..<bytes.count {
        #expect(throws: SecureElementError.malformed) { try ElementRequest(bytes.prefix(count)) }
      }
      #expect(throws: SecureElementError.malformed) { try ElementRequest(bytes + [0]) }
    }
    #expect(throws: SecureElementError.unknownCall) { try ElementRequest([0xfe]) }
  }

  @Test("emptying an element takes its whole word")
  func wipeWord() {
    #expect(throws: SecureElementError.malformed) { try ElementRequest([ElementCall.wipe.rawValue]) }
    #expect(throws: SecureElementError.malformed) {
      try ElementRequest([ElementCall.wipe.rawValue] + [UInt8](repeating: 0, count: 8))
    }
  }

  @Test("fields longer than their limit are refused")
  func limits() {
    let long = [UInt8](repeating: 0x61, count: ElementLimits.contextByteCountMax + 1)
    for request: ElementRequest in [
      .seal(1, data: [], associated: long),
      .generate(.sm4, .seal, label: String(repeating: "a", count: ElementLimits.labelByteCountMax + 1)),
      .sign(1, message: [UInt8](repeating: 0, count: ElementLimits.messageByteCountMax + 65)),
      .provisioningRequest(device: long),
    ] {
      #expect(throws: SecureElementError.malformed) { try ElementRequest(request.bytes) }
    }
  }

  @Test("any bytes are read as a call or refused, never more")
  func noise() {
    var random = SeededRandom(seed: 1)
    for round in 0..<4_000 {
      var bytes = Samples.requests[round % Samples.requests.count].bytes
      for _ in 0...(random.next() % 3) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if let request = try? ElementRequest(bytes) { #expect(request.bytes == bytes) }
      _ = try? ElementAnswer(bytes)
    }
  }

  @Test("frames are found however they are cut")
  func frames() throws {
    let sent = (1...3).map { ElementFrame(number: $0, code: 0, body: [UInt8](repeating: UInt8($0), count: Int($0))) }
    for step in 1...9 {
      var (input, found): ([UInt8], [ElementFrame]) = ([], [])
      var rest = sent.flatMap(\.bytes)[...]
      while !rest.isEmpty {
        input += rest.prefix(step)
        rest = rest.dropFirst(step)
        while let frame = try ElementFrame.take(from: &input) { found.append(frame) }
      }
      #expect(found == sent)
      #expect(input.isEmpty)
    }
  }

  @Test("a frame of another version, too short or too long ends the connection at its head")
  func badFrames() {
    for (bytes, error): ([UInt8], SecureElementError) in [
      ([0, 0, 0, 6, 2], .version), ([0, 0, 0, 5], .malformed), ([0, 0, 0x50, 1], .malformed),
      ([0xff, 0xff, 0xff, 0xff], .malformed),
    ] {
      var input = bytes
      #expect(throws: error) { try ElementFrame.take(from: &input) }
    }
  }
}
