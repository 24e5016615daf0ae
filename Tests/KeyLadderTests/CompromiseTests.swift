import Guomi
import TestSupport
import Testing

@testable import KeyLadder

/// The drill: everything that one device has is in an attacker's hands. What it opens is that device's own; nothing of
/// another device, and of this one nothing that came before with fresh shares.
@Suite("A leaked device key", .clause("9.4d", "9.4e", "9.2.2b"))
struct CompromiseTests {
  private let victim: Parties
  private let leaked: Parties

  init() throws {
    victim = try Parties("LK-0801", seed: 5)
    leaked = try Parties("LK-0802", seed: 6)
  }

  /// All that can be tried with 32 leaked bytes in the place of a communication key, under either device's name.
  private func tries() throws -> [KeyLadderError] {
    var refusals: [KeyLadderError] = []
    for key in [leaked.deviceKey, leaked.communicationKey] {
      for device in [victim.device, leaked.device] {
        let forged = try SessionOffer(
          device: device, communicationKey: key, epoch: victim.epoch, identity: nil, random: leaked.random)
        let request = try SessionAnswer.Request(forged.message)
        // The platform answers under the key that the device it names really has.
        let platform = try SessionAnswer(
          request, device: victim.device, communicationKey: victim.communicationKey, identity: victim.platformIdentity,
          random: victim.random)
        do { _ = try forged.finish(platform.message) } catch { refusals.append(error) }
      }
    }
    return refusals
  }

  @Test("is no other device's key, for any name, element or random number that it is tried with")
  func deviceKeys() throws {
    let root = SecretBytes(copying: (0..<32).map { UInt8($0) })
    let random = [UInt8](repeating: 7, count: 32)
    var keys: [SecretBytes] = [leaked.deviceKey, victim.deviceKey]
    for name in ["LK-0801", "LK-0802", "LK-080", "LK-08022"] {
      for element in [nil, "SE-LK-0802", "SE-LK-0801"] as [String?] {
        let holder = try KeyLadder.Holder(element: element.map { Array($0.utf8) }, device: Array(name.utf8))
        // With the root key: another one each. With the leaked key in its place: none of them.
        let own = try KeyLadder.deviceKey(root: root, holder: holder, random: random)
        let forged = try KeyLadder.deviceKey(root: leaked.deviceKey, holder: holder, random: random)
        #expect(!keys.contains(own) && !keys.contains(forged) && own != forged)
        keys += [own, forged]
      }
    }
  }

  @Test("agrees no session in another device's name")
  func sessions() throws {
    #expect(try tries() == Array(repeating: .notAuthentic, count: 4))
    // Nor does the platform take a confirmation made with it.
    let forged = try leaked.offer(.constrained)
    let answered = try victim.answer(forged.message)
    let message = answered.message
    #expect(refusal(of: forged, message) == .notAuthentic)
    do throws(KeyLadderError) {
      _ = try answered.finish([1, 0x13, 1] + [UInt8](repeating: 0, count: 32))
      #expect(Bool(false), "a confirmation of nobody was taken")
    } catch {
      #expect(error == .notAuthentic)
    }
  }

  @Test("opens no protected message of another device, and writes none to it", arguments: AgreementWay.allCases)
  func messages(way: AgreementWay) throws {
    let other = try victim.session(way)
    let own = try leaked.session(way)
    let unlock = try other.platform.seal(Array("unlock".utf8), context: Array("command".utf8))
    #expect(throws: KeyLadderError.session) { try own.device.open(unlock, context: Array("command".utf8)) }
    // The header rewritten to the leaked session, so that only the keys stand in the way.
    let moved = Array(unlock[..<3]) + own.device.id + Array(unlock[11...])
    #expect(throws: KeyLadderError.notAuthentic) { try own.device.open(moved, context: Array("command".utf8)) }
    let mine = try own.platform.seal(Array("unlock".utf8), context: Array("command".utf8))
    let planted = Array(mine[..<3]) + other.device.id + Array(mine[11...])
    #expect(throws: KeyLadderError.notAuthentic) { try other.device.open(planted, context: Array("command".utf8)) }
    #expect(try other.device.open(unlock, context: Array("command".utf8)) == Array("unlock".utf8))
  }

  @Test("a leaked communication key is of one epoch: it makes no key of the next, and opens none of its sessions")
  func epochs() throws {
    let next = KeyEpoch(start: leaked.epoch.start + KeyEpoch.secondsStandard)
    let random = [UInt8](repeating: 3, count: 16)
    let renewed = try KeyLadder.communicationKey(
      deviceKey: leaked.deviceKey, device: leaked.device, epoch: next, platformRandom: random, deviceRandom: random)
    let forged = try KeyLadder.communicationKey(
      deviceKey: leaked.communicationKey, device: leaked.device, epoch: next, platformRandom: random,
      deviceRandom: random)
    #expect(renewed != forged && renewed != leaked.communicationKey)
    let offer = try SessionOffer(
      device: leaked.device, communicationKey: leaked.communicationKey, epoch: next, identity: nil,
      random: leaked.random)
    let answer = try SessionAnswer(
      SessionAnswer.Request(offer.message), device: leaked.device, communicationKey: renewed, identity: nil,
      random: leaked.random)
    #expect(refusal(of: offer, answer.message) == .notAuthentic)
  }

  private func refusal(of offer: consuming SessionOffer, _ answer: [UInt8]) -> KeyLadderError? {
    do {
      _ = try offer.finish(answer)
      return nil
    } catch {
      return error
    }
  }

  @Test("with fresh shares, what was recorded stays shut even for who has every long-term key later")
  func forwardSecrecy() throws {
    let offer = try leaked.offer(.ephemeral)
    let answer = try leaked.answer(offer.message)
    let (session, finish) = try offer.finish(answer.message)
    let sealed = try answer.finish(finish).seal(Array("unlock".utf8))
    // With all keys of the device, and its name: what is missing is either side's share.
    for _ in 0..<4 {
      let again = try leaked.session(.ephemeral)
      let moved = Array(sealed[..<3]) + again.device.id + Array(sealed[11...])
      #expect(throws: KeyLadderError.notAuthentic) { try again.device.open(moved) }
    }
    #expect(try session.open(sealed) == Array("unlock".utf8))
  }
}
