/// What sends calls to an element: every call of `SecureElement` follows from that.
public protocol ElementCalling: SecureElement {
  /// Makes any call.
  ///
  /// - Throws: what the element answers; `.unavailable`, `.busy`.
  func call(_ request: ElementRequest) async throws(SecureElementError) -> ElementAnswer
}

extension ElementConnection: ElementCalling {}

extension ElementCalling {
  public func identity() async throws(SecureElementError) -> ElementIdentity {
    guard case .identity(let identity) = try await call(.identity) else { throw .unavailable }
    return identity
  }

  public func health() async throws(SecureElementError) -> ElementHealth {
    guard case .health(let health) = try await call(.health) else { throw .unavailable }
    return health
  }

  public func checkRandomness() async throws(SecureElementError) -> ElementHealth {
    guard case .health(let health) = try await call(.checkRandomness) else { throw .unavailable }
    return health
  }

  public func slots() async throws(SecureElementError) -> [KeySlot] {
    guard case .slots(let slots) = try await call(.slots) else { throw .unavailable }
    return slots
  }

  public func generate(
    _ algorithm: KeyAlgorithm, for usage: KeyUsage, label: String
  ) async throws(SecureElementError) -> KeySlot {
    try await slot(.generate(algorithm, usage, label: label))
  }

  public func importWrapped(
    _ wrapped: [UInt8], with slot: KeySlot.Number, as algorithm: KeyAlgorithm, for usage: KeyUsage, label: String
  ) async throws(SecureElementError) -> KeySlot {
    try await self.slot(.importWrapped(with: slot, algorithm, usage, label: label, wrapped: wrapped))
  }

  public func disable(_ slot: KeySlot.Number) async throws(SecureElementError) { _ = try await call(.disable(slot)) }

  public func destroy(_ slot: KeySlot.Number) async throws(SecureElementError) { _ = try await call(.destroy(slot)) }

  public func wipe() async throws(SecureElementError) { _ = try await call(.wipe) }

  public func sign(_ message: [UInt8], with slot: KeySlot.Number) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.sign(slot, message: message))
  }

  public func seal(
    _ data: [UInt8], authenticating associated: [UInt8], with slot: KeySlot.Number
  ) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.seal(slot, data: data, associated: associated))
  }

  public func open(
    _ sealed: [UInt8], authenticating associated: [UInt8], with slot: KeySlot.Number
  ) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.open(slot, sealed: sealed, associated: associated))
  }

  public func trust(platform key: [UInt8]) async throws(SecureElementError) {
    _ = try await call(.trust(platform: key))
  }

  public func provisioningRequest(device: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.provisioningRequest(device: device))
  }

  public func provision(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.provision(answer: answer))
  }

  public func beginRenewal(epochStart: UInt64) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.beginRenewal(epochStart: epochStart))
  }

  public func finishRenewal(_ answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.finishRenewal(answer: answer))
  }

  public func offerSession(isEphemeral: Bool) async throws(SecureElementError) -> ElementOffer {
    guard case .offer(let offer) = try await call(.offerSession(isEphemeral: isEphemeral)) else { throw .unavailable }
    return offer
  }

  public func finishSession(_ number: UInt32, answer: [UInt8]) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.finishSession(number, answer: answer))
  }

  public func protect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.protect(session, message: message, context: context))
  }

  public func unprotect(
    _ message: [UInt8], context: [UInt8], session: UInt32
  ) async throws(SecureElementError) -> [UInt8] {
    try await bytes(.unprotect(session, message: message, context: context))
  }

  public func endSession(_ number: UInt32) async throws(SecureElementError) {
    _ = try await call(.endSession(number))
  }

  public func beginExchange(
    with slot: KeySlot.Number, id: [UInt8], peer: ElementPeer
  ) async throws(SecureElementError) -> ElementExchange {
    try await exchange(.beginExchange(slot, id: id, peer: peer))
  }

  public func answerExchange(
    with slot: KeySlot.Number, id: [UInt8], peer: ElementPeer, share: [UInt8]
  ) async throws(SecureElementError) -> ElementExchange {
    try await exchange(.answerExchange(slot, id: id, peer: peer, share: share))
  }

  public func finishExchange(
    _ number: UInt32, share: [UInt8], confirmation: [UInt8]
  ) async throws(SecureElementError) -> (slot: KeySlot, confirmation: [UInt8]) {
    let answer = try await call(.finishExchange(number, share: share, confirmation: confirmation))
    guard case .exchanged(let slot, let confirmation) = answer else { throw .unavailable }
    return (slot, confirmation)
  }

  public func random(_ count: Int) async throws(SecureElementError) -> [UInt8] {
    guard (0...ElementLimits.randomByteCountMax).contains(count) else { throw .malformed }
    return try await bytes(.random(UInt16(count)))
  }

  public func counter(_ index: UInt8) async throws(SecureElementError) -> UInt64 { try await number(.counter(index)) }

  public func increment(_ index: UInt8) async throws(SecureElementError) -> UInt64 {
    try await number(.increment(index))
  }

  private func bytes(_ request: ElementRequest) async throws(SecureElementError) -> [UInt8] {
    guard case .bytes(let bytes) = try await call(request) else { throw .unavailable }
    return bytes
  }

  private func number(_ request: ElementRequest) async throws(SecureElementError) -> UInt64 {
    guard case .number(let number) = try await call(request) else { throw .unavailable }
    return number
  }

  private func slot(_ request: ElementRequest) async throws(SecureElementError) -> KeySlot {
    guard case .slot(let slot) = try await call(request) else { throw .unavailable }
    return slot
  }

  private func exchange(_ request: ElementRequest) async throws(SecureElementError) -> ElementExchange {
    guard case .exchange(let exchange) = try await call(request) else { throw .unavailable }
    return exchange
  }
}
