package import Guomi
import KeyLadder
import Provisioning

/// What one connection of a device has said of keys so far: a renewal, an agreement, each of three messages. Its worker
/// has it alone, so that messages are taken in their order.
final class KeyConversation {
  /// Why the device gets no answer of the protocol; the third byte of a refusal, after version and `refusalKind`.
  enum Refusal: UInt8, Sendable {
    /// It can not be read, or comes out of turn.
    case malformed = 1
    /// The epoch is not now: ask for the time, then come again.
    case epoch = 2
    /// The device does not have the key it was given.
    case notAuthentic = 3
    /// It has no key of this platform, or one that is used no more.
    case noKey = 4
    /// Come again in a while.
    case unavailable = 5
    /// There is no communication key of this epoch: renew first.
    case renew = 6

    /// The second byte of a refusal.
    static let kind: UInt8 = 0x7f

    var message: [UInt8] { [1, Self.kind, rawValue] }
  }

  /// What a message leads to.
  enum Outcome {
    case reply([UInt8])
    case refuse(Refusal)
    case agreed(ProtectedSession)
    case renewed
  }

  private let device: String
  private let provisioning: Provisioning
  private let platform: PlatformKey
  private var pending: Provisioning.PendingEpoch?
  private var answer: SessionAnswer?
  /// Of the present epoch and its neighbours: three at most.
  private var communicationKeys: [KeyEpoch: SecretBytes] = [:]
  private var pendingEpoch: KeyEpoch?

  init(device: String, provisioning: Provisioning, platform: PlatformKey) {
    self.device = device
    self.provisioning = provisioning
    self.platform = platform
  }

  /// Takes the device's next message.
  func take(_ message: [UInt8]) async -> Outcome {
    guard message.count >= 3, message[0] == 1 else { return .refuse(.malformed) }
    do throws(ProvisioningError) {
      switch message[1] {
      case 0x11: return try await offer(message)
      case 0x13: return finishSession(message)
      case 0x21: return try await renewal(message)
      case 0x23: return try await finishRenewal(message)
      default: return .refuse(.malformed)
      }
    } catch {
      return .refuse(Refusal(error))
    }
  }

  private func renewal(_ message: [UInt8]) async throws(ProvisioningError) -> Outcome {
    let made = try await provisioning.renew(message, of: device)
    pendingEpoch = (try? KeyRenewalAnswer.Request(message))?.epoch
    let reply = made.message
    pending = consume made
    return .reply(reply)
  }

  private func finishRenewal(_ message: [UInt8]) async throws(ProvisioningError) -> Outcome {
    guard let pending = pending.take(), let epoch = pendingEpoch else { return .refuse(.malformed) }
    let key = try await provisioning.finish(pending, message)
    if communicationKeys.count >= 3, let oldest = communicationKeys.keys.min(by: { $0.start < $1.start }) {
      communicationKeys[oldest] = nil
    }
    communicationKeys[epoch] = key
    return .renewed
  }

  private func offer(_ message: [UInt8]) async throws(ProvisioningError) -> Outcome {
    guard let request = try? SessionAnswer.Request(message) else { return .refuse(.malformed) }
    guard let record = try await provisioning.key(of: device) else { return .refuse(.noKey) }
    var key = communicationKeys[request.epoch]
    // Also what is remembered is asked for, when its epoch may be over.
    if key == nil || !provisioning.isAccepted(request.epoch) {
      key = try await provisioning.communicationKey(of: device, epoch: request.epoch)
    }
    guard let key else { return .refuse(.renew) }
    do throws(KeyLadderError) {
      let made = try SessionAnswer(
        request, device: Array(device.utf8), communicationKey: key, identity: platform.identity(of: record),
        random: platform.random)
      let reply = made.message
      answer = consume made
      return .reply(reply)
    } catch {
      return .refuse(error == .random ? .unavailable : .notAuthentic)
    }
  }

  private func finishSession(_ message: [UInt8]) -> Outcome {
    guard let answer = answer.take() else { return .refuse(.malformed) }
    do throws(KeyLadderError) {
      return .agreed(try answer.finish(message))
    } catch {
      return .refuse(error == .malformed ? .malformed : .notAuthentic)
    }
  }
}

extension KeyConversation.Refusal {
  fileprivate init(_ error: ProvisioningError) {
    switch error {
    case .requestInvalid: self = .epoch
    case .checkValueWrong: self = .notAuthentic
    case .keyUnknown: self = .noKey
    default: self = .unavailable
    }
  }
}

/// The platform's own SM2 key, with which it signs sessions of way (b).
package struct PlatformKey: Sendable {
  let signing: SM2.SigningKey
  let random: RandomSource

  package init(signing: SM2.SigningKey, random: RandomSource) {
    self.signing = signing
    self.random = random
  }

  /// nil for a device whose own key is not known: it can not sign, and gets way (a) only.
  func identity(of record: DeviceKeyRecord) -> SessionIdentity? {
    guard let point = try? SM2.PublicPoint(x963: record.verifyingKey) else { return nil }
    return SessionIdentity(peer: SM2.VerifyingKey(point), own: signing, random: random)
  }
}
