extension ElementRequest {
  /// `wipe` carries these eight bytes, so that no stray byte empties an element.
  static let wipeWord: UInt64 = 0x414e_4a55_5749_5045

  /// The call's number, then its fields.
  public var bytes: [UInt8] {
    var writer = FieldWriter()
    writer.integer(call.rawValue)
    writeFields(to: &writer)
    return writer.bytes
  }

  private func writeFields(to writer: inout FieldWriter) {
    switch self {
    case .identity, .health, .checkRandomness, .slots: break
    case .wipe: writer.integer(Self.wipeWord)
    case .disable(let slot), .destroy(let slot): writer.integer(slot)
    case .trust(let field), .provisioningRequest(let field), .provision(let field), .finishRenewal(let field):
      writer.prefixed(field)
    case .beginRenewal(let start): writer.integer(start)
    case .offerSession(let isEphemeral): writer.integer(UInt8(isEphemeral ? 1 : 0))
    case .endSession(let number): writer.integer(number)
    case .random(let count): writer.integer(count)
    case .counter(let index), .increment(let index): writer.integer(index)
    default: writeKeyFields(to: &writer)
    }
  }

  private func writeKeyFields(to writer: inout FieldWriter) {
    switch self {
    case .generate(let algorithm, let usage, let label):
      writer.key(algorithm, usage, label)
    case .importWrapped(let slot, let algorithm, let usage, let label, let wrapped):
      writer.integer(slot)
      writer.key(algorithm, usage, label)
      writer.prefixed(wrapped)
    case .sign(let slot, let message):
      writer.integer(slot)
      writer.prefixed(message)
    case .seal(let slot, let data, let associated), .open(let slot, let data, let associated):
      writer.integer(slot)
      writer.prefixed(data)
      writer.prefixed(associated)
    case .finishSession(let number, let answer):
      writer.integer(number)
      writer.prefixed(answer)
    case .protect(let number, let message, let context), .unprotect(let number, let message, let context):
      writer.integer(number)
      writer.prefixed(message)
      writer.prefixed(context)
    case .beginExchange(let slot, let id, let peer): writer.exchange(slot, id, peer)
    case .answerExchange(let slot, let id, let peer, let share):
      writer.exchange(slot, id, peer)
      writer.prefixed(share)
    case .finishExchange(let number, let share, let confirmation):
      writer.integer(number)
      writer.prefixed(share)
      writer.prefixed(confirmation)
    case .at(let element, let request):
      writer.prefixed(element)
      writer.integer(request.call.rawValue)
      request.writeFields(to: &writer)
    default: break
    }
  }

  /// - Throws: `.unknownCall`, `.malformed`.
  public init(_ bytes: some Collection<UInt8>) throws(SecureElementError) {
    var reader = FieldReader(bytes)
    guard let call = ElementCall(rawValue: try reader.integer(UInt8.self)) else { throw .unknownCall }
    self = try Self.read(call, &reader)
    try reader.finish()
  }

  private static func read(
    _ call: ElementCall, _ reader: inout FieldReader
  ) throws(SecureElementError) -> ElementRequest {
    switch call {
    case .identity: return .identity
    case .health: return .health
    case .checkRandomness: return .checkRandomness
    case .slots: return .slots
    case .wipe:
      guard try reader.integer(UInt64.self) == wipeWord else { throw .malformed }
      return .wipe
    case .disable: return .disable(try reader.integer())
    case .destroy: return .destroy(try reader.integer())
    case .trust: return .trust(platform: try reader.prefixed(max: 65))
    case .provisioningRequest: return .provisioningRequest(device: try reader.id())
    case .provision: return .provision(answer: try reader.prefixed(max: 512))
    case .beginRenewal: return .beginRenewal(epochStart: try reader.integer())
    case .finishRenewal: return .finishRenewal(answer: try reader.prefixed(max: 512))
    case .offerSession: return .offerSession(isEphemeral: try reader.flag())
    case .endSession: return .endSession(try reader.integer())
    case .random: return .random(try reader.integer())
    case .counter: return .counter(try reader.integer())
    case .increment: return .increment(try reader.integer())
    default: return try readKeyed(call, &reader)
    }
  }

  private static func readKeyed(
    _ call: ElementCall, _ reader: inout FieldReader
  ) throws(SecureElementError) -> ElementRequest {
    switch call {
    case .generate:
      let key = try reader.key()
      return .generate(key.algorithm, key.usage, label: key.label)
    case .importWrapped:
      let slot: KeySlot.Number = try reader.integer()
      let key = try reader.key()
      return .importWrapped(
        with: slot, key.algorithm, key.usage, label: key.label, wrapped: try reader.prefixed(max: 512))
    case .sign: return .sign(try reader.integer(), message: try reader.message())
    case .seal: return .seal(try reader.integer(), data: try reader.message(), associated: try reader.context())
    case .open: return .open(try reader.integer(), sealed: try reader.message(), associated: try reader.context())
    case .finishSession: return .finishSession(try reader.integer(), answer: try reader.prefixed(max: 512))
    case .protect:
      return .protect(try reader.integer(), message: try reader.message(), context: try reader.context())
    case .unprotect:
      return .unprotect(try reader.integer(), message: try reader.message(), context: try reader.context())
    case .beginExchange:
      return .beginExchange(try reader.integer(), id: try reader.id(), peer: try reader.peer())
    case .answerExchange:
      return .answerExchange(
        try reader.integer(), id: try reader.id(), peer: try reader.peer(), share: try reader.prefixed(max: 65))
    case .finishExchange:
      return .finishExchange(
        try reader.integer(), share: try reader.prefixed(max: 65), confirmation: try reader.prefixed(max: 32))
    case .at:
      let element = try reader.id()
      guard let call = ElementCall(rawValue: try reader.integer(UInt8.self)), call != .at else { throw .unknownCall }
      return .at(element: element, try read(call, &reader))
    default: throw .unknownCall
    }
  }
}

extension FieldWriter {
  fileprivate mutating func key(_ algorithm: KeyAlgorithm, _ usage: KeyUsage, _ label: String) {
    integer(algorithm.rawValue)
    integer(usage.rawValue)
    text(label)
  }

  fileprivate mutating func exchange(_ slot: KeySlot.Number, _ id: [UInt8], _ peer: ElementPeer) {
    integer(slot)
    prefixed(id)
    prefixed(peer.key)
    prefixed(peer.id)
  }
}

extension FieldReader {
  fileprivate mutating func key() throws(SecureElementError) -> (
    algorithm: KeyAlgorithm, usage: KeyUsage, label: String
  ) {
    (try value(), KeyUsage(rawValue: try integer()), try text(max: ElementLimits.labelByteCountMax))
  }

  /// A sealed message may be longer by nonce, tag and header.
  fileprivate mutating func message() throws(SecureElementError) -> [UInt8] {
    try prefixed(max: ElementLimits.messageByteCountMax + 64)
  }

  fileprivate mutating func context() throws(SecureElementError) -> [UInt8] {
    try prefixed(max: ElementLimits.contextByteCountMax)
  }

  fileprivate mutating func id() throws(SecureElementError) -> [UInt8] {
    try prefixed(max: ElementLimits.idByteCountMax)
  }

  fileprivate mutating func peer() throws(SecureElementError) -> ElementPeer {
    ElementPeer(key: try prefixed(max: 65), id: try id())
  }
}
