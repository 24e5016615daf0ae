import Guomi
import SecureElement

/// A key exchange under way, from one side or the other.
final class ExchangeEntry {
  let caller: SoftElement.Caller
  var initiator: SM2.KeyExchange.Initiator?
  var responder: SM2.KeyExchange.Responder?

  init(caller: SoftElement.Caller, initiator: consuming SM2.KeyExchange.Initiator) {
    self.caller = caller
    self.initiator = consume initiator
  }

  init(caller: SoftElement.Caller, responder: consuming SM2.KeyExchange.Responder) {
    self.caller = caller
    self.responder = consume responder
  }
}

/// The key exchange of GB/T 32918.3. The key agreed on comes into a slot that ends with the process.
extension SoftElement {
  func answerExchange(_ request: ElementRequest, for caller: Caller) throws(SecureElementError) -> ElementAnswer {
    switch request {
    case .beginExchange(let slot, let id, let peer): return .exchange(try begin(slot, id, peer, caller))
    case .answerExchange(let slot, let id, let peer, let share):
      return .exchange(try answer(slot, id, peer, share, caller))
    case .finishExchange(let number, let share, let confirmation):
      return try finish(number, share, confirmation, caller)
    default: throw .unknownCall
    }
  }

  private func begin(
    _ slot: KeySlot.Number, _ id: [UInt8], _ peer: ElementPeer, _ caller: Caller
  ) throws(SecureElementError) -> ElementExchange {
    let (key, party) = try exchangeKey(slot, peer)
    let initiator: SM2.KeyExchange.Initiator
    do throws(SM2Error) {
      initiator = try SM2.KeyExchange.Initiator(
        key: key, id: id, peer: party, byteCount: SM4.keyByteCount, random: random)
    } catch {
      throw SecureElementError(error)
    }
    let number = newNumber()
    let share = initiator.share
    exchanges[number] = ExchangeEntry(caller: caller, initiator: initiator)
    return ElementExchange(number: number, share: share, confirmation: [])
  }

  private func answer(
    _ slot: KeySlot.Number, _ id: [UInt8], _ peer: ElementPeer, _ share: [UInt8], _ caller: Caller
  ) throws(SecureElementError) -> ElementExchange {
    let (key, party) = try exchangeKey(slot, peer)
    let responder: SM2.KeyExchange.Responder
    do throws(SM2Error) {
      responder = try SM2.KeyExchange.Responder(
        key: key, id: id, peer: party, peerShare: share, byteCount: SM4.keyByteCount, random: random)
    } catch {
      throw SecureElementError(error)
    }
    let number = newNumber()
    let (ownShare, confirmation) = (responder.share, responder.confirmation)
    exchanges[number] = ExchangeEntry(caller: caller, responder: responder)
    return ElementExchange(number: number, share: ownShare, confirmation: confirmation)
  }

  private func exchangeKey(
    _ slot: KeySlot.Number, _ peer: ElementPeer
  ) throws(SecureElementError) -> (SM2.ExchangeKey, SM2.KeyExchange.Party) {
    guard exchanges.count < ElementLimits.exchangesMax else { throw .full }
    let record = try record(slot, for: .exchange)
    return try mapped {
      let point = try SM2.PublicPoint(x963: peer.key)
      return (
        try SM2.ExchangeKey(secret: record.secret),
        SM2.KeyExchange.Party(key: SM2.ExchangePublicKey(point), id: peer.id)
      )
    }
  }

  /// Good or not, the exchange is over.
  private func finish(
    _ number: UInt32, _ share: [UInt8], _ confirmation: [UInt8], _ caller: Caller
  ) throws(SecureElementError) -> ElementAnswer {
    guard let entry = exchanges[number], entry.caller == caller else { throw .missing }
    exchanges[number] = nil
    var secret: SecretBytes?
    var reply: [UInt8] = []
    do throws(SM2Error) {
      if let initiator = entry.initiator.take() {
        (secret, reply) = try initiator.finish(share: share, confirmation: confirmation)
      } else if let responder = entry.responder.take() {
        secret = try responder.finish(confirmation: confirmation)
      }
    } catch {
      throw SecureElementError(error)
    }
    guard let secret else { throw .sequence }
    let slot = try add(
      .sm4, [.seal, .open], label: "exchanged", secret: secret, publicKey: [], isLasting: false)
    return .exchanged(slot, confirmation: reply)
  }
}
