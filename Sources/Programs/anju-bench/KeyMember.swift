import DeviceGateway
import Devices
import Guomi
import Kernel
import KeyLadder
import Server
import Synchronization

/// One device of the bench: the key ladder's device side, with the time it takes counted apart.
final class KeyMember: Sendable {
  private final class Pending {
    var renewal: KeyRenewalRequest?
    var offer: SessionOffer?
  }

  private struct State {
    var deviceKey: SecretBytes?
    var communicationKey: SecretBytes?
    var pending = Pending()
    var seconds = 0.0
  }

  let name: String
  let request: ProvisioningRequest
  let identity: SessionIdentity
  let epoch: KeyEpoch
  private let number: DeviceNumber
  private let platform: SM2.VerifyingKey
  private let decryption: SM2.DecryptionKey
  private let random: RandomSource
  private let state = Mutex(State())

  init(_ index: Int, platform: SM2.VerifyingKey, random: RandomSource) throws {
    let name = "LK-\(index)"
    let begin = ContinuousClock.now
    let signing = try SM2.SigningKey.generate(random: random)
    let decryption = try SM2.DecryptionKey.generate(random: random)
    request = try ProvisioningRequest(
      holder: .init(element: [1] + Array(name.utf8), device: Array(name.utf8)), random: random.bytes(32),
      encryptionKey: decryption.encryptionKey, verifyingKey: signing.verifyingKey
    ) { try signing.sign($0, random: random).raw }
    self.name = name
    self.platform = platform
    self.decryption = decryption
    self.random = random
    identity = SessionIdentity(peer: platform, own: signing, random: random)
    epoch = KeyEpoch(at: UInt64(max(0, SystemSources.time.now().milliseconds / 1_000)))
    number = DeviceNumber(UInt32(index + 1))
    count(since: begin)
  }

  var communicationKey: SecretBytes { state.withLock { $0.communicationKey } ?? SecretBytes(copying: []) }

  private func count(since begin: ContinuousClock.Instant) {
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    state.withLock { $0.seconds += seconds }
  }

  func takeSeconds() -> Double {
    state.withLock { state in
      defer { state.seconds = 0 }
      return state.seconds
    }
  }

  func open(_ answer: [UInt8]) throws {
    let begin = ContinuousClock.now
    let opened = try ProvisioningAnswer.open(answer, of: request, platform: platform) { try decryption.decrypt($0) }
    state.withLock { $0.deviceKey = opened.key }
    count(since: begin)
  }

  /// Says its first message; the rest follows from the answers.
  func begin(_ storm: KeyFleet.Storm, at desk: KeyDesk, done: @escaping @Sendable (Bool) -> Void) {
    do {
      let message = storm == .renewal ? try renewal() : try offer(isEphemeral: storm != .constrained)
      send(message, storm, desk, done)
    } catch {
      done(false)
    }
  }

  private func send(
    _ message: [UInt8], _ storm: KeyFleet.Storm, _ desk: KeyDesk, _ done: @escaping @Sendable (Bool) -> Void
  ) {
    let isTaken = desk.take(message, from: number, name, over: self) { answer in
      self.take(answer, storm, desk, done)
    } agreed: {
      done(true)
    }
    if !isTaken { done(false) }
  }

  private func take(
    _ answer: [UInt8], _ storm: KeyFleet.Storm, _ desk: KeyDesk, _ done: @escaping @Sendable (Bool) -> Void
  ) {
    guard answer.count >= 3 else { return done(false) }
    do {
      switch answer[1] {
      case 0x22:
        send(try finishRenewal(answer), storm, desk, done)
        // Taken in order: the platform has nothing more to say.
        done(true)
      case 0x12: send(try finish(answer), storm, desk, done)
      case 0x14: break
      case 0x7f where answer[2] == 7: send(try offer(isEphemeral: false), .constrained, desk, done)
      default: done(false)
      }
    } catch {
      done(false)
    }
  }

  private func renewal() throws -> [UInt8] {
    let (epoch, random) = (epoch, random)
    return try state.withLock { state in
      let request = try KeyRenewalRequest(epoch: epoch, random: random)
      let message = request.message
      state.pending.renewal = consume request
      return message
    }
  }

  private func finishRenewal(_ answer: [UInt8]) throws -> [UInt8] {
    let begin = ContinuousClock.now
    defer { count(since: begin) }
    let device = Array(name.utf8)
    return try state.withLock { state in
      guard let deviceKey = state.deviceKey, let request = state.pending.renewal.take() else {
        throw KeyLadderError.session
      }
      let epoch = request.epoch
      let (key, message) = try request.finish(answer) { (platformRandom, own) throws(KeyLadderError) in
        try KeyLadder.communicationKey(
          deviceKey: deviceKey, device: device, epoch: epoch, platformRandom: platformRandom, deviceRandom: own)
      }
      state.communicationKey = key
      return message
    }
  }

  private func offer(isEphemeral: Bool) throws -> [UInt8] {
    let begin = ContinuousClock.now
    defer { count(since: begin) }
    let (key, device, identity, epoch, random) = (communicationKey, Array(name.utf8), identity, epoch, random)
    return try state.withLock { state in
      let made = try SessionOffer(
        device: device, communicationKey: key, epoch: epoch, identity: isEphemeral ? identity : nil, random: random)
      let message = made.message
      state.pending.offer = consume made
      return message
    }
  }

  private func finish(_ answer: [UInt8]) throws -> [UInt8] {
    let begin = ContinuousClock.now
    defer { count(since: begin) }
    return try state.withLock { state in
      guard let offer = state.pending.offer.take() else { throw KeyLadderError.session }
      return try offer.finish(answer).message
    }
  }

  /// Both sides of way (a).
  func agreeAlone() throws {
    let key = communicationKey
    let offer = try SessionOffer(
      device: Array(name.utf8), communicationKey: key, epoch: epoch, identity: nil, random: random)
    let answer = try SessionAnswer(
      SessionAnswer.Request(offer.message), device: Array(name.utf8), communicationKey: key, identity: nil,
      random: random)
    let (_, message) = try offer.finish(answer.message)
    _ = try answer.finish(message)
  }
}
