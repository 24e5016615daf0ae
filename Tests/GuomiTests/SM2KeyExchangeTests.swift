import TestSupport
import Testing

@testable import Guomi

/// GB/T 32918.5-2017, annex B.2.
private enum ExchangeVector {
  static let secretA = "81EB26E941BB5AF16DF116495F90695272AE2CD63D6C4AE1678418BE48230029"
  static let pointA = """
    160E12897DF4EDB61DD812FEB96748FBD3CCF4FFE26AA6F6DB9540AF49C94232
    4A7DAD08BB9A459531694BEB20AA489D6649975E1BFCF8C4741B78B4B223007F
    """
  static let secretB = "785129917D45A9EA5437A59356B82338EAADDA6CEB199088F14AE10DEFA229B5"
  static let pointB = """
    6AE848C57C53C7B1B5FA99EB2286AF078BA64C64591B8B566F7357D576F16DFB
    EE489D771621A27B36C5C7992062E9CD09A9264386F3FBEA54DFF69305621C4D
    """
  static let freshA = "D4DE15474DB74D06491C440D305E012400990F3E390C7E87153C12DB2EA60BB3"
  static let shareA = """
    0464CED1BDBC99D590049B434D0FD73428CF608A5DB8FE5CE07F15026940BAE40E
    376629C7AB21E7DB260922499DDB118F07CE8EAAE3E7720AFEF6A5CC062070C0
    """
  static let freshB = "7E07124814B309489125EAED101113164EBF0F3458C5BD88335C1F9D596243D6"
  static let shareB = """
    04ACC27688A6F7B706098BC91FF3AD1BFF7DC2802CDB14CCCCDB0A90471F9BD707
    2FEDAC0494B2FFC4D6853876C79B8F301C6573AD0AA50F39FC87181E1A1B46FE
    """
  static let hashA = "3b85a57179e11e7e513aa622991f2ca74d1807a0bd4d4b38f90987a17ac245b1"
  static let hashB = "79c988d63229d97ef19fe02ca1056e01e6a7411ed24694aa8f834f4a4ab022f7"
  static let key = "6C89347354DE2484C60B4AB1FDE4C6E5"
  static let confirmationB = "D3A0FE15DEE185CEAE907A6B595CC32A266ED7B3367E9983A896DC32FA20F8EB"
  static let confirmationA = "18C7894B3816DF16CF07B05C5EC0BEF5D655D58F779CC1B400A4F3884644DB88"

  static func key(_ secret: String) throws -> SM2.ExchangeKey {
    try SM2.ExchangeKey(secret: SecretBytes(vector: secret))
  }

  static func fresh(_ secret: String) throws -> SM2.PrivateScalar {
    try SM2.PrivateScalar(secret: SecretBytes(vector: secret))
  }
}

@Suite("The SM2 key exchange", .clause("9.4c"))
struct SM2KeyExchangeTests {
  private typealias Exchange = SM2.KeyExchange

  @Test("is that of GB/T 32918.5, annex B.2, on both sides")
  func vector() throws {
    let a = try ExchangeVector.key(ExchangeVector.secretA)
    let b = try ExchangeVector.key(ExchangeVector.secretB)
    #expect(a.publicKey.point.coordinates == [UInt8](vector: ExchangeVector.pointA))
    #expect(b.publicKey.point.coordinates == [UInt8](vector: ExchangeVector.pointB))
    #expect(try SM2.identityHash(id: SM2.defaultID, point: a.publicKey.point).description == ExchangeVector.hashA)
    #expect(try SM2.identityHash(id: SM2.defaultID, point: b.publicKey.point).description == ExchangeVector.hashB)
    let initiator = try Exchange.Initiator(
      key: a, id: SM2.defaultID, peer: Exchange.Party(key: b.publicKey), byteCount: 16,
      fresh: ExchangeVector.fresh(ExchangeVector.freshA))
    #expect(initiator.share == [UInt8](vector: ExchangeVector.shareA))
    let responder = try Exchange.Responder(
      key: b, id: SM2.defaultID, peer: Exchange.Party(key: a.publicKey), peerShare: initiator.share, byteCount: 16,
      fresh: ExchangeVector.fresh(ExchangeVector.freshB))
    #expect(responder.share == [UInt8](vector: ExchangeVector.shareB))
    #expect(responder.confirmation == [UInt8](vector: ExchangeVector.confirmationB))
    let (key, confirmation) = try initiator.finish(share: responder.share, confirmation: responder.confirmation)
    #expect(confirmation == [UInt8](vector: ExchangeVector.confirmationA))
    #expect(key.revealed == [UInt8](vector: ExchangeVector.key))
    #expect(try responder.finish(confirmation: confirmation) == key)
  }

  /// What may be wrong between the two sides.
  enum Fault: CaseIterable {
    case responderConfirmation, responderConfirmationCut, responderConfirmationEmpty, responderShare, initiatorID
    case initiatorKey, responderKey
  }

  @Test("gives the initiator no key when anything is wrong", arguments: Fault.allCases)
  func initiatorRefuses(_ fault: Fault) throws {
    let random = RandomSource.seeded(1)
    let a = try SM2.ExchangeKey.generate(random: random)
    let b = try SM2.ExchangeKey.generate(random: random)
    let other = try SM2.ExchangeKey.generate(random: random)
    let initiator = try Exchange.Initiator(
      key: fault == .initiatorKey ? other : a, id: Array(fault == .initiatorID ? "mallory".utf8 : "alice".utf8),
      peer: Exchange.Party(key: b.publicKey, id: Array("bob".utf8)), byteCount: 32, random: random)
    let responder = try Exchange.Responder(
      key: fault == .responderKey ? other : b, id: Array("bob".utf8),
      peer: Exchange.Party(key: a.publicKey, id: Array("alice".utf8)), peerShare: initiator.share, byteCount: 32,
      random: random)
    var confirmation = responder.confirmation
    var share = responder.share
    switch fault {
    case .responderConfirmation: confirmation[31] ^= 1
    case .responderConfirmationCut: confirmation.removeLast()
    case .responderConfirmationEmpty: confirmation = []
    case .responderShare: share = initiator.share
    default: break
    }
    do {
      _ = try initiator.finish(share: share, confirmation: confirmation)
      Issue.record("the exchange went through")
    } catch { #expect(error == .confirmationFailed) }
  }

  @Test("gives the responder no key without the initiator's confirmation", arguments: [0, 1, 2, 3])
  func responderRefuses(_ fault: Int) throws {
    let random = RandomSource.seeded(2)
    let a = try SM2.ExchangeKey.generate(random: random)
    let b = try SM2.ExchangeKey.generate(random: random)
    let initiator = try Exchange.Initiator(
      key: a, peer: Exchange.Party(key: b.publicKey), byteCount: 32, random: random)
    let responder = try Exchange.Responder(
      key: b, peer: Exchange.Party(key: a.publicKey), peerShare: initiator.share, byteCount: 32, random: random)
    let answer = (responder.share, responder.confirmation)
    let right = try initiator.finish(share: answer.0, confirmation: answer.1).confirmation
    let wrong = [right.dropLast(), [right[0] ^ 1] + right.dropFirst(), answer.1, []][fault]
    do {
      _ = try responder.finish(confirmation: Array(wrong))
      Issue.record("the exchange went through")
    } catch { #expect(error == .confirmationFailed) }
  }

  @Test("refuses a share that is no point of the curve")
  func shares() throws {
    let random = RandomSource.seeded(3)
    let a = try SM2.ExchangeKey.generate(random: random)
    let b = try SM2.ExchangeKey.generate(random: random)
    for share in [[], [0], [4] + [UInt8](repeating: 0, count: 64), [4] + [UInt8](repeating: 255, count: 64)] {
      #expect(throws: SM2Error.publicKeyInvalid) {
        _ = try Exchange.Responder(
          key: b, peer: Exchange.Party(key: a.publicKey), peerShare: share, byteCount: 32, random: random)
      }
      let initiator = try Exchange.Initiator(
        key: a, peer: Exchange.Party(key: b.publicKey), byteCount: 32, random: random)
      do {
        _ = try initiator.finish(share: share, confirmation: [])
        Issue.record("the exchange went through")
      } catch { #expect(error == .publicKeyInvalid) }
    }
  }

  @Test("by ephemeral keys agrees on one secret, and no third comes to it")
  func ephemeral() throws {
    let random = RandomSource.seeded(4)
    let left = try SM2.AgreementKey.generate(random: random)
    let right = try SM2.AgreementKey.generate(random: random)
    let third = try SM2.AgreementKey.generate(random: random)
    let (leftShare, rightShare) = (left.share, right.share)
    let one = try left.agree(with: SM2.AgreementShare(x963: rightShare.x963))
    let other = try right.agree(with: leftShare)
    #expect(one == other)
    #expect(one.count == 32)
    #expect(try third.agree(with: leftShare) != one)
    #expect(throws: SM2Error.publicKeyInvalid) {
      try SM2.AgreementShare(x963: [4] + [UInt8](repeating: 0, count: 64))
    }
  }

  @Test("by ephemeral keys gives the first coordinate of the product")
  func known() throws {
    // d · G of the signature's vector, by agreeing with G.
    let constants = SM2.curveConstants
    let generator = try SM2.AgreementShare(x963: [4] + constants[64...])
    let key = try SM2.AgreementKey(secret: SecretBytes(vector: SM2Vector.secret))
    #expect(try key.agree(with: generator).revealed == Array([UInt8](vector: SM2Vector.point).prefix(32)))
  }
}
