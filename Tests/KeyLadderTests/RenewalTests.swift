import Guomi
import KeyLadder
import TestSupport
import Testing

@Suite("Renewing the communication key", .clause("9.4e"))
struct RenewalTests {
  /// Runs a renewal; the changes stand for whoever sits between.
  private func renew(
    _ parties: Parties, answer change: ([UInt8]) -> [UInt8] = { $0 }, finish changeFinish: ([UInt8]) -> [UInt8] = { $0 }
  ) throws -> (device: SecretBytes, platform: SecretBytes) {
    let request = try KeyRenewalRequest(epoch: parties.epoch, random: parties.random)
    let asked = try KeyRenewalAnswer.Request(request.message)
    let own = try parties.random.bytes(16)
    let key = try KeyLadder.communicationKey(
      deviceKey: parties.deviceKey, device: parties.device, epoch: asked.epoch, platformRandom: own,
      deviceRandom: asked.deviceRandom)
    let answer = KeyRenewalAnswer(asked, key: key, platformRandom: own)
    let (device, finish) = try request.finish(change(answer.message)) { (platform, own) throws(KeyLadderError) in
      try KeyLadder.communicationKey(
        deviceKey: parties.deviceKey, device: parties.device, epoch: parties.epoch, platformRandom: platform,
        deviceRandom: own)
    }
    return (device, try answer.finish(changeFinish(finish)))
  }

  @Test("both sides come to the same new key, another each time")
  func agrees() throws {
    let parties = try Parties()
    let (one, two) = (try renew(parties), try renew(parties))
    #expect(one.device == one.platform)
    #expect(two.device == two.platform)
    #expect(one.device != two.device)
  }

  @Test("no byte of it can be changed or taken away")
  func bytes() throws {
    let parties = try Parties()
    for index in 0..<51 {
      let flip = { (bytes: [UInt8]) in SessionTests.flipped(bytes, at: index) }
      let cut = { (bytes: [UInt8]) in Array(bytes.prefix(min(index, bytes.count - 1))) }
      for change in [flip, cut] {
        #expect(throws: KeyLadderError.self) { try renew(parties, answer: change) }
        #expect(throws: KeyLadderError.self) { try renew(parties, finish: change) }
      }
    }
    #expect(throws: KeyLadderError.malformed) { try KeyRenewalAnswer.Request([1, 0x21, 0]) }
  }
}
