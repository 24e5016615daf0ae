import Guomi
import TestSupport
import Testing

@testable import KeyLadder

@Suite("Agreeing a session", .clause("9.4b", "9.4c", "9.4e", "9.2.2b"))
struct SessionTests {
  @Test("both sides come to the same keys, a pair a direction", arguments: AgreementWay.allCases)
  func agrees(way: AgreementWay) throws {
    let (device, platform) = try Parties().session(way)
    #expect(device.id == platform.id)
    for number in 0..<3 {
      let unlock = Array("unlock \(number)".utf8)
      let sealed = try platform.seal(unlock, context: Array("command".utf8))
      #expect(!sealed.indices.contains { sealed[$0...].starts(with: unlock) })
      #expect(try device.open(sealed, context: Array("command".utf8)) == unlock)
      #expect(try platform.open(try device.seal([])) == [])
    }
  }

  @Test("a message opens once, in its direction, session and context only", arguments: AgreementWay.allCases)
  func once(way: AgreementWay) throws {
    let parties = try Parties()
    let (device, platform) = try parties.session(way)
    let sealed = try platform.seal([1, 2, 3], context: [9])
    #expect(throws: KeyLadderError.notAuthentic) { try device.open(sealed, context: [8]) }
    #expect(throws: KeyLadderError.session) { try platform.open(sealed, context: [9]) }
    let other = try parties.session(way)
    #expect(throws: KeyLadderError.session) { try other.device.open(sealed, context: [9]) }
    #expect(try device.open(sealed, context: [9]) == [1, 2, 3])
    #expect(throws: KeyLadderError.replayed) { try device.open(sealed, context: [9]) }
  }

  @Test("messages may come out of order, but not from long ago")
  func order() throws {
    let (device, platform) = try Parties().session(.constrained)
    let sealed = try (0..<100).map { try platform.seal([UInt8($0)]) }
    #expect(try device.open(sealed[99]) == [99])
    #expect(try device.open(sealed[40]) == [40])
    #expect(throws: KeyLadderError.replayed) { try device.open(sealed[35]) }
  }

  @Test("no byte of a protected message can be changed, added or taken away")
  func bytes() throws {
    let (device, platform) = try Parties().session(.constrained)
    let sealed = try platform.seal(Array("unlock".utf8))
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 1
      #expect(throws: KeyLadderError.self) { try device.open(changed) }
      #expect(throws: KeyLadderError.self) { try device.open(Array(sealed[..<index])) }
    }
    #expect(throws: KeyLadderError.self) { try device.open(sealed + [0]) }
    #expect(throws: KeyLadderError.malformed) { try device.open([UInt8](repeating: 1, count: 65_537)) }
    #expect(try device.open(sealed) == Array("unlock".utf8))
  }

  @Test("no byte of the agreement can be changed, added or taken away", arguments: AgreementWay.allCases)
  func agreementBytes(way: AgreementWay) throws {
    let parties = try Parties()
    func run(offer change: ([UInt8]) -> [UInt8], answer: ([UInt8]) -> [UInt8], finish: ([UInt8]) -> [UInt8]) throws {
      let offered = try parties.offer(way)
      let answered = try parties.answer(change(offered.message))
      let (_, finished) = try offered.finish(answer(answered.message))
      _ = try answered.finish(finish(finished))
    }
    let same = { (bytes: [UInt8]) in bytes }
    try run(offer: same, answer: same, finish: same)
    let lengths = try parties.lengths(way)
    for index in 0..<lengths.max()! {
      let changes: [([UInt8]) -> [UInt8]] = [
        { Self.flipped($0, at: index) },
        { bytes in Array(bytes.prefix(min(index, bytes.count - 1))) },
      ]
      for change in changes {
        #expect(throws: KeyLadderError.self) { try run(offer: change, answer: same, finish: same) }
        #expect(throws: KeyLadderError.self) { try run(offer: same, answer: change, finish: same) }
        #expect(throws: KeyLadderError.self) { try run(offer: same, answer: same, finish: change) }
      }
    }
  }

  /// One bit of one byte changed; nothing when there is no such byte.
  static func flipped(_ bytes: [UInt8], at index: Int) -> [UInt8] {
    bytes.indices.contains(index) ? bytes.prefix(index) + [bytes[index] ^ 0x80] + bytes.dropFirst(index + 1) : []
  }

  @Test("an answer in a weaker way than was offered is refused")
  func downgrade() throws {
    let parties = try Parties()
    let answer = try parties.answer(parties.offer(.constrained).message).message
    #expect(throws: KeyLadderError.self) { try parties.offer(.ephemeral).finish(answer) }
    #expect(throws: KeyLadderError.notAuthentic) {
      try SessionAnswer(
        SessionAnswer.Request(parties.offer(.ephemeral).message), device: parties.device,
        communicationKey: parties.communicationKey, identity: nil, random: parties.random
      ).message
    }
  }

  @Test("a share that is no point of the curve ends the agreement")
  func badShare() throws {
    let parties = try Parties()
    var offer = try parties.offer(.ephemeral).message
    offer.replaceSubrange((offer.count - 65)..., with: [4] + [UInt8](repeating: 7, count: 64))
    #expect(throws: KeyLadderError.notAuthentic) { try parties.answer(offer).message }
  }

  @Test("the drill: one device's keys leaked open nothing of another, and do not let the thief be another")
  func compromise() throws {
    let (stolen, other) = (try Parties("LK-0803"), try Parties("LK-0804"))
    #expect(stolen.deviceKey != other.deviceKey && stolen.communicationKey != other.communicationKey)
    // All that was recorded of the other's session stays shut under the stolen session's keys.
    let (_, platform) = try other.session(.constrained)
    let recorded = try platform.seal(Array("unlock".utf8))
    #expect(throws: KeyLadderError.self) { try stolen.session(.constrained).device.open(recorded) }
    // The thief offers as the other device with the stolen key; the platform uses the other's.
    #expect(throws: KeyLadderError.notAuthentic) {
      let offer = try SessionOffer(
        device: other.device, communicationKey: stolen.communicationKey, epoch: other.epoch, identity: nil,
        random: stolen.random)
      let answer = try other.answer(offer.message).message
      return try offer.finish(answer).message
    }
  }

  @Test("who recorded a session and learns its communication key later opens one of way (a), none of way (b)")
  func forward() throws {
    for way in AgreementWay.allCases {
      let parties = try Parties()
      let offer = try parties.offer(way)
      let offered = offer.message
      let answer = try parties.answer(offered)
      let answered = answer.message
      let (_, finish) = try offer.finish(answered)
      let recorded = try answer.finish(finish).seal([1])
      let transcript = SessionTranscript.digest(
        device: parties.device, offer: offered, answer: Array(answered.prefix(way.answerByteCount)))
      let thief = try ProtectedSession(
        SessionSecrets(
          communicationKey: parties.communicationKey, deviceRandom: Array(offered[11..<27]),
          platformRandom: Array(answered[3..<19]), transcript: transcript), side: .device)
      switch way {
      case .constrained: #expect(try thief.open(recorded) == [1])
      case .ephemeral: #expect(throws: KeyLadderError.notAuthentic) { try thief.open(recorded) }
      }
    }
  }
}

extension Parties {
  /// Bytes of offer, answer and finish.
  func lengths(_ way: AgreementWay) throws -> [Int] {
    let offer = try offer(way)
    let answer = try answer(offer.message)
    let lengths = [offer.message.count, answer.message.count]
    let (_, finish) = try offer.finish(answer.message)
    return lengths + [finish.count]
  }
}
