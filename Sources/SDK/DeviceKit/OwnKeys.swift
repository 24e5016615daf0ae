public import Guomi
public import KeyLadder
public import SecureElement
import Synchronization

/// The keys of a device without a secure element, in its own memory: the same messages, less protection (whoever reads
/// the device's memory has its keys; nobody else's).
///
/// - Source: clauses 9.4 d and 9.4 e, with the root key that is for such devices alone.
public final class OwnKeys: DeviceKeys {
  /// Sessions and offers at once.
  static let sessionsMax = 4

  /// A session, or the offer of one.
  private final class Entry {
    var offer: SessionOffer?
    var session: ProtectedSession?

    init(_ offer: consuming SessionOffer) { self.offer = consume offer }
  }

  private final class Renewal {
    var request: KeyRenewalRequest?

    init(_ request: consuming KeyRenewalRequest) { self.request = consume request }
  }

  private struct State {
    var platform: SM2.VerifyingKey?
    var signing: SM2.SigningKey?
    var decryption: SM2.DecryptionKey?
    var request: ProvisioningRequest?
    var deviceKey: SecretBytes?
    /// The newest two.
    var communicationKeys: [KeyEpoch: SecretBytes] = [:]
    var renewal: Renewal?
    var entries: [UInt32: Entry] = [:]
    var lastNumber: UInt32 = 0
  }

  private let device: [UInt8]
  private let memory: any Flash
  private let random: RandomSource
  private let state: Mutex<State>

  /// Reads what the memory holds.
  ///
  /// - Parameters:
  ///   - device: its name.
  ///   - memory: for keys alone, not the device's other one.
  ///   - random: fit for keys.
  /// - Throws: `FlashError`, also for a memory that holds something else.
  public init(device: String, memory: any Flash, random: RandomSource) throws(FlashError) {
    self.device = Array(device.utf8)
    self.memory = memory
    self.random = random
    let cells = try memory.load()
    var found = State()
    do {
      found.platform = try cells["platform"].map { SM2.VerifyingKey(try SM2.PublicPoint(x963: $0)) }
      found.signing = try cells["signing"].map { try SM2.SigningKey(secret: SecretBytes(copying: $0)) }
      found.deviceKey = cells["device"].map { SecretBytes(copying: $0) }
      for (cell, value) in cells where cell.hasPrefix("epoch/") {
        guard let start = UInt64(cell.dropFirst(6)) else { continue }
        found.communicationKeys[KeyEpoch(start: start)] = SecretBytes(copying: value)
      }
    } catch {
      throw FlashError(description: "the memory of keys holds something else")
    }
    state = Mutex(found)
  }

  /// Takes the key that a station's file has for this device; the platform knows no key that it signs with, so that its
  /// sessions are of the constrained way.
  ///
  /// - Throws: `.malformed` for another device's entry, `.sequence` when it has a key, `.storage`.
  public func take(
    _ entry: ProvisioningBatch.Entry, platform: SM2.VerifyingKey
  ) async throws(SecureElementError) {
    guard entry.holder.device == device, entry.holder.element == nil else { throw .malformed }
    guard state.withLock({ $0.deviceKey == nil }) else { throw .sequence }
    try await write([
      .put(key: "platform", value: platform.point.x963), .put(key: "device", value: Self.bytes(entry.key)),
    ])
    state.withLock { state in
      state.platform = platform
      state.deviceKey = entry.key
    }
  }

  private func write(_ changes: [FlashChange]) async throws(SecureElementError) {
    let failure = await withCheckedContinuation { done in
      memory.commit(changes) { done.resume(returning: $0) }
    }
    if failure != nil { throw .storage }
  }

  private static func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }

  /// Does something with the state; what the instruments throw becomes a code.
  private func use<Result>(
    _ body: (inout sending State) throws -> sending Result
  ) throws(SecureElementError) -> Result {
    do {
      return try state.withLock { state in try body(&state) }
    } catch {
      throw SecureElementError(anything: error)
    }
  }
}

extension OwnKeys {
  public func trust(platform key: [UInt8]) async throws(SecureElementError) {
    guard let point = try? SM2.PublicPoint(x963: key) else { throw .malformed }
    guard state.withLock({ $0.platform == nil }) else { throw .sequence }
    try await write([.put(key: "platform", value: key)])
    state.withLock { $0.platform = SM2.VerifyingKey(point) }
  }

  public func provisioningRequest(device: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    guard device == self.device else { throw .malformed }
    let (random, signing, decryption): (RandomSource, SM2.SigningKey, SM2.DecryptionKey)
    do {
      random = self.random
      signing = try SM2.SigningKey.generate(random: random)
      decryption = try SM2.DecryptionKey.generate(random: random)
    } catch {
      throw .randomness
    }
    return try use { state in
      guard state.platform != nil, state.deviceKey == nil else { throw SecureElementError.sequence }
      let request = try ProvisioningRequest(
        holder: KeyLadder.Holder(element: nil, device: device),
        random: try random.bytes(KeyLadder.deviceRandomByteCount), encryptionKey: decryption.encryptionKey,
        verifyingKey: signing.verifyingKey
      ) { try signing.sign($0, random: random).raw }
      (state.signing, state.decryption, state.request) = (signing, decryption, request)
      return request.message
    }
  }

  public func provision(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    let (opened, signing) = try use { state in
      guard let request = state.request, let platform = state.platform, let decryption = state.decryption,
        let signing = state.signing
      else { throw SecureElementError.sequence }
      let opened = try ProvisioningAnswer.open(answer, of: request, platform: platform) { try decryption.decrypt($0) }
      return (opened, signing)
    }
    let own = signing.withUnsafeSecret { Self.bytes($0) }
    try await write([.put(key: "signing", value: own), .put(key: "device", value: Self.bytes(opened.key))])
    state.withLock { state in
      state.deviceKey = opened.key
      (state.decryption, state.request) = (nil, nil)
    }
    return opened.checkValue
  }

  public func beginRenewal(epochStart: UInt64) async throws(SecureElementError) -> [UInt8] {
    let random = random
    return try use { state in
      guard state.deviceKey != nil else { throw SecureElementError.sequence }
      let request = try KeyRenewalRequest(epoch: KeyEpoch(start: epochStart), random: random)
      let message = request.message
      state.renewal = Renewal(request)
      return message
    }
  }

  public func finishRenewal(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    let device = device
    let (key, epoch, message, old) = try use { state -> (SecretBytes, KeyEpoch, [UInt8], [KeyEpoch]) in
      guard let deviceKey = state.deviceKey, let request = state.renewal?.request.take() else {
        throw SecureElementError.sequence
      }
      state.renewal = nil
      let epoch = request.epoch
      let (key, message) = try request.finish(answer) { (platformRandom, own) throws(KeyLadderError) in
        try KeyLadder.communicationKey(
          deviceKey: deviceKey, device: device, epoch: epoch, platformRandom: platformRandom, deviceRandom: own)
      }
      let others = state.communicationKeys.keys.filter { $0 != epoch }.sorted { $0.start > $1.start }
      return (key, epoch, message, Array(others.dropFirst()))
    }
    try await write(
      [.put(key: "epoch/\(epoch.start)", value: Self.bytes(key))] + old.map { .delete(key: "epoch/\($0.start)") })
    state.withLock { state in
      state.communicationKeys[epoch] = key
      for epoch in old { state.communicationKeys[epoch] = nil }
    }
    return message
  }
}

extension OwnKeys {
  public func offerSession(isEphemeral: Bool) async throws(SecureElementError) -> ElementOffer {
    let (device, random) = (device, random)
    return try use { state in
      guard state.entries.count < Self.sessionsMax else { throw SecureElementError.full }
      guard let newest = state.communicationKeys.max(by: { $0.key.start < $1.key.start }) else {
        throw SecureElementError.sequence
      }
      var identity: SessionIdentity?
      // Without a key to sign with the constrained way is all there is.
      if isEphemeral, let signing = state.signing, let platform = state.platform {
        identity = SessionIdentity(peer: platform, own: signing, random: random)
      }
      let offer = try SessionOffer(
        device: device, communicationKey: newest.value, epoch: newest.key, identity: identity, random: random)
      state.lastNumber &+= 1
      let message = offer.message
      state.entries[state.lastNumber] = Entry(offer)
      return ElementOffer(number: state.lastNumber, message: message)
    }
  }

  public func finishSession(_ number: UInt32, answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try use { state in
      guard let entry = state.entries[number], let offer = entry.offer.take() else { throw SecureElementError.missing }
      // Taken out: an answer that is not good ends the offer.
      state.entries[number] = nil
      let (session, message) = try offer.finish(answer)
      entry.session = session
      state.entries[number] = entry
      return message
    }
  }

  private func session(_ number: UInt32) throws(SecureElementError) -> ProtectedSession {
    guard let session = state.withLock({ $0.entries[number]?.session }) else { throw .missing }
    return session
  }

  public func protect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8] {
    let session = try self.session(session)
    return try use { _ in try session.seal(message, context: context) }
  }

  public func unprotect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8] {
    let session = try self.session(session)
    return try use { _ in try session.open(message, context: context) }
  }

  public func endSession(_ number: UInt32) async throws(SecureElementError) {
    guard state.withLock({ $0.entries.removeValue(forKey: number) != nil }) else { throw .missing }
  }
}

extension SecureElementError {
  fileprivate init(anything error: any Error) {
    switch error {
    case let error as SecureElementError: self = error
    case is RandomFailure: self = .randomness
    case let error as KeyLadderError:
      switch error {
      case .id, .length, .malformed: self = .malformed
      case .epoch, .notAuthentic, .session: self = .notAuthentic
      case .replayed: self = .replayed
      case .wornOut: self = .wornOut
      case .random: self = .randomness
      }
    default: self = .inside
    }
  }
}
