/// What a call answers with. There is no case for a private or secret key.
public enum ElementAnswer: Hashable, Sendable {
  case done
  case identity(ElementIdentity)
  case health(ElementHealth)
  case slots([KeySlot])
  case slot(KeySlot)
  case bytes([UInt8])
  case number(UInt64)
  case offer(ElementOffer)
  case exchange(ElementExchange)
  case exchanged(KeySlot, confirmation: [UInt8])

  private enum Kind: UInt8 {
    case done = 1
    case identity
    case health
    case slots
    case slot
    case bytes
    case number
    case offer
    case exchange
    case exchanged
  }

  /// The kind, then its fields.
  public var bytes: [UInt8] {
    var writer = FieldWriter()
    writer.integer(kind.rawValue)
    switch self {
    case .done: break
    case .identity(let identity): writer.identity(identity)
    case .health(let health): writer.health(health)
    case .slots(let slots):
      writer.integer(UInt16(slots.count))
      for slot in slots { writer.slot(slot) }
    case .slot(let slot): writer.slot(slot)
    case .bytes(let bytes): writer.prefixed(bytes)
    case .number(let number): writer.integer(number)
    case .offer(let offer):
      writer.integer(offer.number)
      writer.prefixed(offer.message)
    case .exchange(let exchange):
      writer.integer(exchange.number)
      writer.prefixed(exchange.share)
      writer.prefixed(exchange.confirmation)
    case .exchanged(let slot, let confirmation):
      writer.slot(slot)
      writer.prefixed(confirmation)
    }
    return writer.bytes
  }

  private var kind: Kind {
    switch self {
    case .done: .done
    case .identity: .identity
    case .health: .health
    case .slots: .slots
    case .slot: .slot
    case .bytes: .bytes
    case .number: .number
    case .offer: .offer
    case .exchange: .exchange
    case .exchanged: .exchanged
    }
  }

  /// - Throws: `.malformed`.
  public init(_ bytes: some Collection<UInt8>) throws(SecureElementError) {
    var reader = FieldReader(bytes)
    switch try reader.value(Kind.self) {
    case .done: self = .done
    case .identity: self = .identity(try reader.identity())
    case .health: self = .health(try reader.health())
    case .slots:
      let count = Int(try reader.integer(UInt16.self))
      guard count <= ElementLimits.slotsMax else { throw .malformed }
      var slots: [KeySlot] = []
      for _ in 0..<count { slots.append(try reader.slot()) }
      self = .slots(slots)
    case .slot: self = .slot(try reader.slot())
    case .bytes: self = .bytes(try reader.prefixed(max: ElementLimits.frameByteCountMax))
    case .number: self = .number(try reader.integer())
    case .offer: self = .offer(ElementOffer(number: try reader.integer(), message: try reader.prefixed(max: 512)))
    case .exchange:
      self = .exchange(
        ElementExchange(
          number: try reader.integer(), share: try reader.prefixed(max: 65),
          confirmation: try reader.prefixed(max: 32)))
    case .exchanged: self = .exchanged(try reader.slot(), confirmation: try reader.prefixed(max: 32))
    }
    try reader.finish()
  }
}

extension FieldWriter {
  fileprivate mutating func identity(_ identity: ElementIdentity) {
    prefixed(identity.id)
    text(identity.model)
    text(identity.version)
    integer(UInt16(identity.algorithms.count))
    for algorithm in identity.algorithms {
      text(algorithm.id)
      text(algorithm.version)
    }
  }

  fileprivate mutating func health(_ health: ElementHealth) {
    integer(health.randomness.rawValue)
    integer(health.alarms)
    integer(health.checksPassed)
    integer(health.powerOnSamplesDone)
    integer(UInt8(health.isAllMemoryLocked ? 1 : 0))
    integer(UInt8(health.isConfined ? 1 : 0))
  }

  fileprivate mutating func slot(_ slot: KeySlot) {
    integer(slot.number)
    integer(slot.algorithm.rawValue)
    integer(slot.usage.rawValue)
    integer(slot.state.rawValue)
    integer(UInt8(slot.isLasting ? 1 : 0))
    text(slot.label)
    prefixed(slot.publicKey)
  }
}

extension FieldReader {
  fileprivate mutating func identity() throws(SecureElementError) -> ElementIdentity {
    let id = try prefixed(max: ElementLimits.idByteCountMax)
    let (model, version) = (try text(max: 64), try text(max: 64))
    var algorithms: [ElementIdentity.Algorithm] = []
    for _ in 0..<(try integer(UInt16.self)) {
      algorithms.append(ElementIdentity.Algorithm(id: try text(max: 64), version: try text(max: 64)))
    }
    return ElementIdentity(id: id, model: model, version: version, algorithms: algorithms)
  }

  fileprivate mutating func health() throws(SecureElementError) -> ElementHealth {
    ElementHealth(
      randomness: try value(), alarms: try integer(), checksPassed: try integer(), powerOnSamplesDone: try integer(),
      isAllMemoryLocked: try flag(), isConfined: try flag())
  }

  fileprivate mutating func slot() throws(SecureElementError) -> KeySlot {
    KeySlot(
      number: try integer(), algorithm: try value(), usage: KeyUsage(rawValue: try integer()), state: try value(),
      isLasting: try flag(), label: try text(max: ElementLimits.labelByteCountMax), publicKey: try prefixed(max: 512))
  }
}
