import Guomi
import KeyLadder
import Kernel
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
    /// Very many come at once: offer the constrained way.
    case constrained = 7

    /// The second byte of a refusal.
    static let kind: UInt8 = 0x7f

    var message: [UInt8] { [1, Self.kind, rawValue] }
  }

  /// A session, and what tells the device that it counts.
  struct Agreed {
    let session: ProtectedSession
    let epoch: KeyEpoch
    let way: AgreementWay
    /// The device had offered way (b), and was asked for way (a) because of a storm.
    let isOfStorm: Bool

    var message: [UInt8] { [1, 0x14, way.rawValue] }
  }

  /// Tells a device whose session is of way (a) that it may offer way (b) now.
  static let invitation: [UInt8] = [1, 0x15, AgreementWay.ephemeral.rawValue]

  /// What a message leads to.
  enum Outcome {
    case reply([UInt8])
    case refuse(Refusal)
    case agreed(Agreed)
    case renewed
  }

  private let device: String
  private let provisioning: Provisioning
  private let random: RandomSource
  private let remembered: RememberedKeys
  private var pending: Provisioning.PendingEpoch?
  private var pendingKey: (record: ID<DeviceKeyRecord>, epoch: KeyEpoch)?
  private var answer: SessionAnswer?
  private var answered: (epoch: KeyEpoch, way: AgreementWay)?
  /// The device wanted way (b), and there was a storm.
  private var wasPutOff = false

  init(device: String, provisioning: Provisioning, random: RandomSource, remembered: RememberedKeys) {
    self.device = device
    self.provisioning = provisioning
    self.random = random
    self.remembered = remembered
  }

  /// Takes the device's next message.
  ///
  /// - Parameter isStorm: the way without signatures is asked of everybody.
  func take(_ message: [UInt8], isStorm: Bool) async -> Outcome {
    guard message.count >= 3, message[0] == 1 else { return .refuse(.malformed) }
    do throws(ProvisioningError) {
      switch message[1] {
      case 0x11: return try await offer(message, isStorm: isStorm)
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
    pendingKey = (made.key, made.epoch)
    let reply = made.message
    pending = consume made
    return .reply(reply)
  }

  private func finishRenewal(_ message: [UInt8]) async throws(ProvisioningError) -> Outcome {
    guard let pending = pending.take(), let (record, epoch) = pendingKey else { return .refuse(.malformed) }
    let key = try await provisioning.finish(pending, message)
    remembered.keep(key, of: record, epoch)
    return .renewed
  }

  private func offer(_ message: [UInt8], isStorm: Bool) async throws(ProvisioningError) -> Outcome {
    guard let request = try? SessionAnswer.Request(message) else { return .refuse(.malformed) }
    guard provisioning.isAccepted(request.epoch) else { return .refuse(.epoch) }
    if isStorm, request.way == .ephemeral {
      wasPutOff = true
      return .refuse(.constrained)
    }
    guard let record = try await provisioning.key(of: device) else { return .refuse(.noKey) }
    // A device of a station's file: the platform knows no key that it signs with.
    if record.verifyingKey.isEmpty, request.way == .ephemeral { return .refuse(.constrained) }
    var key = remembered.key(of: record.id, request.epoch)
    if key == nil {
      key = try await provisioning.communicationKey(of: device, epoch: request.epoch)
      if let key { remembered.keep(key, of: record.id, request.epoch) }
    }
    guard let key else { return .refuse(.renew) }
    do throws(KeyLadderError) {
      let made =
        switch request.way {
        case .constrained:
          try SessionAnswer(
            request, device: Array(device.utf8), communicationKey: key, identity: nil, random: random)
        case .ephemeral: try await ephemeral(request, record, key)
        }
      let reply = made.message
      answer = consume made
      answered = (request.epoch, request.way)
      return .reply(reply)
    } catch {
      return .refuse(error == .random ? .unavailable : .notAuthentic)
    }
  }

  /// Way (b): signed in the key service.
  private func ephemeral(
    _ request: SessionAnswer.Request, _ record: DeviceKeyRecord, _ key: SecretBytes
  ) async throws(KeyLadderError) -> SessionAnswer {
    guard let point = try? SM2.PublicPoint(x963: record.verifyingKey) else { throw .notAuthentic }
    let draft = try SessionDraft(
      request, device: Array(device.utf8), communicationKey: key, peer: SM2.VerifyingKey(point), random: random)
    let signature: [UInt8]
    do { signature = try await provisioning.sign(draft.statement, with: record) } catch { throw .random }
    return try draft.signed(signature)
  }

  private func finishSession(_ message: [UInt8]) -> Outcome {
    guard let answer = answer.take(), let (epoch, way) = answered else { return .refuse(.malformed) }
    do throws(KeyLadderError) {
      let session = try answer.finish(message)
      let isOfStorm = wasPutOff && way == .constrained
      wasPutOff = false
      return .agreed(
        Agreed(session: session, epoch: epoch, way: way, isOfStorm: isOfStorm))
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
