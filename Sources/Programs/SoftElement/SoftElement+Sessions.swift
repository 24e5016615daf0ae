import Guomi
import KeyLadder
import SecureElement

/// A session, or the offer of one.
final class SessionEntry {
  let caller: SoftElement.Caller
  var offer: SessionOffer?
  var session: ProtectedSession?

  init(caller: SoftElement.Caller, offer: consuming SessionOffer) {
    self.caller = caller
    self.offer = consume offer
  }
}

/// Sessions under the communication key: their keys live here as long as the caller's connection.
///
/// - Source: clauses 9.4 b and 9.4 e.
extension SoftElement {
  func answerSession(_ request: ElementRequest, for caller: Caller) throws(SecureElementError) -> ElementAnswer {
    switch request {
    case .offerSession(let isEphemeral): return .offer(try offerSession(isEphemeral, caller))
    case .finishSession(let number, let answer): return .bytes(try finishSession(number, answer, caller))
    case .protect(let number, let message, let context):
      let session = try session(number, caller)
      guard message.count <= ElementLimits.messageByteCountMax else { throw .malformed }
      return .bytes(try mapped { try session.seal(message, context: context) })
    case .unprotect(let number, let message, let context):
      let session = try session(number, caller)
      return .bytes(try mapped { try session.open(message, context: context) })
    case .endSession(let number):
      _ = try entry(number, caller)
      sessions[number] = nil
      return .done
    default: throw .unknownCall
    }
  }

  private func entry(_ number: UInt32, _ caller: Caller) throws(SecureElementError) -> SessionEntry {
    guard let entry = sessions[number], entry.caller == caller else { throw .missing }
    return entry
  }

  private func session(_ number: UInt32, _ caller: Caller) throws(SecureElementError) -> ProtectedSession {
    guard let session = try entry(number, caller).session else { throw .sequence }
    return session
  }

  private func offerSession(_ isEphemeral: Bool, _ caller: Caller) throws(SecureElementError) -> ElementOffer {
    guard sessions.count < ElementLimits.sessionsMax else { throw .full }
    let device = try deviceRecord(.deviceKey).binding
    guard let key = communicationKeys(of: state).first else { throw .sequence }
    let identity = isEphemeral ? try identity(of: device) : nil
    let epoch = KeyEpoch(start: key.binding.reduce(0) { $0 << 8 | UInt64($1) })
    let offer: SessionOffer
    do throws(KeyLadderError) {
      offer = try SessionOffer(
        device: device, communicationKey: key.secret, epoch: epoch, identity: identity, random: random)
    } catch {
      throw SecureElementError(error)
    }
    let number = newNumber()
    let message = offer.message
    sessions[number] = SessionEntry(caller: caller, offer: offer)
    return ElementOffer(number: number, message: message)
  }

  private func identity(of device: [UInt8]) throws(SecureElementError) -> SessionIdentity {
    let record = try deviceRecord(.sm2Signing, device: device)
    let platform = try platform
    return try mapped {
      SessionIdentity(peer: platform, own: try SM2.SigningKey(secret: record.secret), random: random)
    }
  }

  /// An answer that is not good ends the offer: the device offers anew.
  private func finishSession(
    _ number: UInt32, _ answer: [UInt8], _ caller: Caller
  ) throws(SecureElementError) -> [UInt8] {
    let entry = try entry(number, caller)
    guard let offer = entry.offer.take() else { throw .sequence }
    do throws(KeyLadderError) {
      let (session, message) = try offer.finish(answer)
      entry.session = session
      return message
    } catch {
      sessions[number] = nil
      throw SecureElementError(error)
    }
  }
}
